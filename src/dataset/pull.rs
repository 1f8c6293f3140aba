//! The rows of a model's SELECT, snapshot by snapshot.

use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use duckdb::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use duckdb::arrow::compute::concat;
use duckdb::arrow::datatypes::{Date32Type, Float64Type};

use super::label;
use super::layout::{Layout, no_number};
use super::{Dataset, Snapshot, Workspace};
use crate::learn::{Matrix, Recipe};
use crate::problem::Problem;
use crate::warehouse::texts;

/// Runs the model's SELECT at each of `snapshots`, in order, with the rules of `recipes` beside it.
///
/// # Errors
/// SQL that does not run, inputs that are no numbers, a rule that gives no probability.
pub fn pull(at: Workspace<'_>, snapshots: &[Snapshot], recipes: &[Recipe]) -> Result<Dataset> {
    rows(at, snapshots, &Layout::read(at, snapshots, recipes)?)
}

/// As [`pull`], where it is made sure before that no input is made of the label.
pub fn training_rows(at: Workspace<'_>, snapshots: &[Snapshot], recipes: &[Recipe]) -> Result<Dataset> {
    let layout = Layout::read(at, snapshots, recipes)?;
    label::check(at, snapshots, &layout.inputs)?;
    rows(at, snapshots, &layout)
}

fn rows(at: Workspace<'_>, snapshots: &[Snapshot], layout: &Layout) -> Result<Dataset> {
    let mut dataset = Dataset {
        matrix: Matrix::new(layout.inputs.clone()),
        rules: layout.rules.iter().map(|rule| (rule.name.clone(), Vec::new())).collect(),
        slices: layout.slices.iter().map(|slice| (slice.name.clone(), Vec::new())).collect(),
        columns: layout.columns.clone(),
        ..Dataset::default()
    };
    // The parts of each key column.
    let mut keys = vec![Vec::new(); at.model.spec.key.len()];
    for snapshot in snapshots {
        for batch in &layout.run(at, snapshot)?.batches {
            append(&mut dataset, &mut keys, at, layout, batch, snapshot.date)?;
        }
    }
    for (name, parts) in at.model.spec.key.iter().zip(&keys).filter(|(_, parts)| !parts.is_empty()) {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        dataset.keys.push((name.clone(), concat(&parts)?));
    }
    Ok(dataset)
}

/// Appends rows as [`Layout::run`] gives them.
fn append(
    dataset: &mut Dataset,
    all_keys: &mut [Vec<ArrayRef>],
    at: Workspace<'_>,
    layout: &Layout,
    batch: &RecordBatch,
    date: NaiveDate,
) -> Result<()> {
    let (inputs, rest) = batch.columns().split_at(layout.inputs.len());
    let (rules, rest) = rest.split_at(layout.rules.len());
    let (slices, rest) = rest.split_at(layout.slices.len());
    let (label, known, stake, keys) = (&rest[0], &rest[1], &rest[2], &rest[3..]);
    let mut columns = Vec::with_capacity(inputs.len());
    for (name, column) in layout.inputs.iter().zip(inputs) {
        columns.push(numbers(column, |what| no_number(at, name, date, what))?);
    }
    dataset.matrix.append(&columns);
    for (rule, column) in layout.rules.iter().zip(rules) {
        let values = numbers(column, |gives| rule.no_number(at, date, gives))?;
        rule.check(at, date, values)?;
        dataset.rules.entry(rule.name.clone()).or_default().extend_from_slice(values);
    }
    for ((_, inside), column) in dataset.slices.iter_mut().zip(slices) {
        inside.extend(column.as_boolean().iter().map(|inside| inside == Some(true)));
    }
    for value in label.as_primitive::<Float64Type>() {
        dataset.labels.push(value.map(|value| label::class(at, value, date)).transpose()?);
    }
    dataset.stakes.extend(stake.as_primitive::<Float64Type>());
    dataset
        .known_on
        .extend(known.as_primitive::<Date32Type>().iter().map(|days| NaiveDate::from_epoch_days(days?)));
    dataset.dates.extend(std::iter::repeat_n(date, batch.num_rows()));
    dataset.entities.extend(texts(keys).iter().map(|cells| cells.join(" ")));
    all_keys.iter_mut().zip(keys).for_each(|(parts, key)| parts.push(Arc::clone(key)));
    Ok(())
}

/// The values of a column; `wrong` tells of one that has no number in a row.
fn numbers(column: &ArrayRef, wrong: impl Fn(&str) -> Problem) -> Result<&[f64]> {
    let numbers = column.as_primitive_opt::<Float64Type>().context("DuckDB gave another type than double")?;
    if numbers.null_count() > 0 {
        return Err(wrong(&format!("is NULL in {} of {} rows", numbers.null_count(), numbers.len())).into());
    }
    match numbers.values().iter().find(|value| !value.is_finite()) {
        Some(value) => Err(wrong(&format!("is {value} in a row")).into()),
        None => Ok(&numbers.values()[..]),
    }
}
