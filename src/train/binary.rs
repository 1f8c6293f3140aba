//! Candidates that predict, side by side out of time.

use anyhow::Result;

use super::gate::{Gate, Ruling};
use super::validate::{self, Validated};
use super::{Contest, Trained};
use super::{rival, table};
use crate::config::Binary;
use crate::dataset::Dataset;
use crate::learn::{self, Fitted};
use crate::problem::Problem;
use crate::registry::{Measured, NewVersion};
use crate::term::{self, Progress};

/// Steps behind the validation: the winner is fitted to all rows, and its inputs are weighed.
const AFTERWARDS: usize = 2;
/// Inputs whose partial dependence is kept.
const SHOWN: usize = 6;

/// Trains what wins the contest on all that was known as of its date.
///
/// # Errors
/// Inputs that are no numbers, a rule that gives no probability, or DuckDB's.
pub fn train(mut contest: Contest<'_>, binary: &Binary) -> Result<Trained> {
    let (as_of, spec) = (contest.as_of, &contest.at.model.spec);
    let data = contest.pull()?;
    check_widths(&contest, data.matrix.columns().len())?;
    check_classes(&contest, binary, &data)?;
    let (folds, no_folds) = validate::folds(&data, as_of, spec, binary.validate);
    if folds.is_empty() && no_folds.is_empty() {
        return Ok(Trained::TooEarly(format!(
            "no snapshot has its labels known by {as_of} and earlier rows to train on \
             ({} snapshots, {} rows with a known label)",
            spec.snapshots(as_of).len(),
            data.known_by(as_of).len()
        )));
    }
    let (lines, mut notes): (Vec<Measured>, Vec<String>) = no_folds.into_iter().unzip();
    if folds.is_empty() {
        return Ok(Trained::TooEarly(notes.join("; ")));
    }
    let recipes = contest.recipes.clone();
    let progress = Progress::new(validate::steps(&folds, &recipes) + AFTERWARDS, "train");
    progress.working_on(&contest.at.model.name);
    let validated = Validated::fit(&data, &folds, &recipes, spec.seed, &progress)?;
    let (mut metrics, means) = validated.measured(binary.metric, &progress)?;
    let standing = rival::standing(&mut contest, &data, &folds)?;
    let gate = Gate { contest: &contest, by: binary.metric, validated: &validated, metrics: &metrics };
    let Ruling { winner, verdict, measured, notes: told } = gate.rule(standing)?;
    let mean_metric = gate.value(winner);
    let (rule, over_rule) = gate.over_rule(winner)?.unzip();
    metrics.extend(measured.into_iter().chain(lines));
    notes.extend(told);
    let rows = data.known_by(as_of);
    let (x, y) = (data.matrix.select(&rows), data.truth(&rows));
    let (importances, fitted) =
        rayon::join(|| validated.importances(winner), || recipes[winner].fit(&x, &y, spec.seed));
    let (importances, fitted) = (importances?, fitted?);
    let first: Vec<&str> = importances.iter().take(SHOWN).map(|one| one.column.as_str()).collect();
    let dependence = fitted.as_ref().map(|fitted| learn::partial_dependence(fitted, &x, &first, spec.seed));
    let curves = std::iter::once(winner).chain(rule).map(|at| validated.curves(at));
    progress.step();
    let version = NewVersion {
        trained_through: data.trained_through(&rows).unwrap_or(as_of),
        base_rate: Some(y.iter().filter(|label| **label).count() as f64 / y.len() as f64),
        metric: binary.metric.name(),
        mean_metric,
        fitted: fitted.as_ref().map(Fitted::to_bytes).transpose()?,
        verdict,
        means,
        dependence: dependence.transpose()?.unwrap_or_default(),
        importances,
        curves: curves.collect::<Result<Vec<_>>>()?.concat(),
        rule: over_rule,
        ..contest.version(winner, &data, &rows)?
    };
    let table = table::of(&metrics, binary.metric);
    Ok(contest.won(NewVersion { metrics, ..version }, table, notes, data, &rows))
}

/// Labels of one class alone teach nothing. Of a few rows that may be chance.
fn check_classes(contest: &Contest<'_>, binary: &Binary, data: &Dataset) -> Result<()> {
    let labels: Vec<bool> = data.labels.iter().copied().flatten().collect();
    let is_one = |label| labels.iter().all(|other| *other == label);
    let Some(label) = [false, true].into_iter().find(|label| is_one(*label)) else { return Ok(()) };
    if labels.len() < binary.validate.min_rows {
        return Ok(());
    }
    let (rows, label) = (term::counted(labels.len(), "row"), u8::from(label));
    let name = &binary.label;
    Err(Problem::data(format!(
        "the label `{name}` is {label} in all {rows}, so there is nothing to tell apart"
    ))
    .at(contest.at.label_place()?)
    .hint("1 where it happened, 0 where it did not, NULL where that is not known yet")
    .into())
}

/// Fails where a candidate asks for more columns than the model has.
fn check_widths(contest: &Contest<'_>, width: usize) -> Result<()> {
    let (model, templates) = (contest.at.model, &contest.at.catalog.templates);
    for candidate in &model.spec.candidates {
        let wanted = candidate.algorithm.columns_wanted().filter(|(_, wanted)| *wanted > width);
        let Some((setting, wanted)) = wanted else { continue };
        let path = format!("candidates.{}.{setting}", candidate.name);
        let inputs = term::counted(width, "input");
        return Err(Problem::usage(format!("`{setting}` is {wanted}, but the model has {inputs}"))
            .at(templates.config_key(&model.file, &path))
            .hint(format!("{width} is the most; left out, it follows the number of inputs"))
            .into());
    }
    Ok(())
}
