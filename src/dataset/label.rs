//! The label is 0 or 1, and no input is made of it.

use anyhow::Result;
use chrono::NaiveDate;

use super::{Dataset, Snapshot, Workspace};
use crate::partitions::columns::column_place;
use crate::problem::{Place, Problem};
use crate::warehouse::ident;

/// What `ref` is told to put before a table whose label is turned round.
const MARK: &str = "label_turned_round_";
/// Of fewer rows, an input may agree with the label by chance.
const FEWEST: usize = 100;

impl Workspace<'_> {
    /// Where the label is written: in its ABT, or else in the model's own file.
    pub fn label_place(&self) -> Result<Place> {
        let label = self.model.spec.label().unwrap_or_default();
        for table in self.model.refs.iter().filter_map(|table| self.catalog.tables.get(table)) {
            if table.spec.label.as_deref() == Some(label) {
                let rendered = self.catalog.render(&table.name, self.model.spec.from)?;
                return Ok(column_place(self.catalog, table, &rendered, label));
            }
        }
        Ok(self.catalog.templates.last_mention(&self.model.file, label))
    }
}

/// The label as it was read.
pub fn class(at: Workspace<'_>, value: f64, date: NaiveDate) -> Result<bool> {
    if value == 0.0 || value == 1.0 {
        return Ok(value == 1.0);
    }
    let label = at.model.spec.label().unwrap_or_default();
    Err(Problem::data(format!("the label `{label}` is {value}, neither 0 nor 1"))
        .at(at.catalog.templates.last_mention(&at.model.file, label))
        .on(date)
        .hint("1 where it happened, 0 where it did not, NULL where that is not known yet")
        .into())
}

/// # Errors
/// An input that changes where the ABT's label is turned round, and nothing else.
pub fn check(at: Workspace<'_>, snapshots: &[Snapshot], inputs: &[String]) -> Result<()> {
    let Some(label) = at.model.spec.label() else { return Ok(()) };
    let templates = at.catalog.templates.sealed(MARK);
    for snapshot in snapshots.iter().rev() {
        let marked = at.catalog.render_with(&templates, &at.model.table(), snapshot.date)?;
        let (mut turned, mut known) = (marked.sql, Vec::new());
        for name in &marked.refs {
            let own = at.catalog.tables.get(name).and_then(|table| table.spec.label.as_deref());
            let of_label = match own {
                Some(own) => {
                    let date = snapshot.date;
                    known.push(format!(
                        "(select count({}) from {name} where reference_date = date '{date}')",
                        ident(own)
                    ));
                    turned_round(at, name, own)?
                }
                None => format!("from {name}"),
            };
            turned = turned.replace(&format!("from {MARK}{name} "), &format!("{of_label} "));
        }
        let count = format!("select ({})::bigint", known.join(" + "));
        if known.is_empty() || at.warehouse.row(&count, &[], |row| row.get::<_, i64>(0))? == Some(0) {
            continue;
        }
        let Some(input) = changed(at, inputs, &snapshot.select.sql, &turned)? else { return Ok(()) };
        return Err(Problem::usage(format!("input `{input}` is made of the label `{label}`"))
            .at(at.catalog.templates.last_mention(&at.model.file, &input))
            .on(snapshot.date)
            .hint("what is to be predicted is not there yet when a score is made: leave it out of the inputs")
            .into());
    }
    Ok(())
}

/// The rows of an ABT with 1 for 0 in its label, and 0 for 1 and for NULL.
fn turned_round(at: Workspace<'_>, table: &str, label: &str) -> Result<String> {
    let columns = at.warehouse.columns(table)?;
    let sql_type = columns.iter().find(|(name, _)| name == label).map_or("double", |(_, of)| of);
    let label = ident(label);
    Ok(format!("select * replace ((coalesce(1 - {label}::double, 0))::{sql_type} as {label}) from {table}"))
}

/// The first input that differs between two SELECTs, in rows of one key.
fn changed(at: Workspace<'_>, inputs: &[String], one: &str, other: &str) -> Result<Option<String>> {
    let differs = |name: &String| {
        let name = ident(name);
        // Sums of floats differ in the last digits from run to run.
        format!(
            "coalesce(bool_or(a.{name} is distinct from b.{name} and abs(a.{name}::double - b.{name}::double)
                 > 1e-9 * greatest(1, abs(a.{name}::double)) is distinct from false), false)"
        )
    };
    let columns: Vec<String> = inputs.iter().map(differs).collect();
    let key = at.model.spec.key.iter();
    let on: Vec<String> =
        key.map(|key| format!("a.{key} is not distinct from b.{key}", key = ident(key))).collect();
    let sql = format!(
        "select {} from (\n{one}\n) as a inner join (\n{other}\n) as b on {}",
        columns.join(", "),
        on.join(" and ")
    );
    let changed = at.warehouse.row(&sql, &[], |row| {
        (0..inputs.len()).map(|at| row.get::<_, bool>(at)).collect::<duckdb::Result<Vec<bool>>>()
    })?;
    let at = changed.and_then(|changed| changed.iter().position(|changed| *changed));
    Ok(at.map(|at| inputs[at].clone()))
}

/// # Errors
/// An input with one value for each label: made of it further down, in the ABT or a store.
pub fn check_copies(at: Workspace<'_>, data: &Dataset) -> Result<()> {
    let Some(label) = at.model.spec.label() else { return Ok(()) };
    let known: Vec<(usize, bool)> =
        data.labels.iter().enumerate().filter_map(|(row, label)| Some((row, (*label)?))).collect();
    let first = |wanted: bool| known.iter().find(|(_, label)| *label == wanted).map(|(row, _)| *row);
    let (Some(one), Some(zero)) = (first(true), first(false)) else { return Ok(()) };
    if known.len() < FEWEST {
        return Ok(());
    }
    for (column, name) in data.matrix.columns().iter().enumerate() {
        let values = data.matrix.column(column);
        let of = |label: bool| values[if label { one } else { zero }];
        let is_copy = of(true).total_cmp(&of(false)).is_ne()
            && known.iter().all(|(row, label)| values[*row].total_cmp(&of(*label)).is_eq());
        if is_copy {
            let rows = known.len();
            return Err(Problem::usage(format!("input `{name}` is the label `{label}` in all {rows} rows"))
                .at(at.catalog.templates.last_mention(&at.model.file, name))
                .hint("it is made of what is to be predicted; `olist check --future` shows where")
                .into());
        }
    }
    Ok(())
}
