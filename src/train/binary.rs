//! Candidates that predict, side by side out of time.

use anyhow::Result;

use super::table::{self, digits};
use super::validate::{self, mean};
use super::{Contest, Trained};
use crate::config::Binary;
use crate::dataset::Dataset;
use crate::learn::Metric;
use crate::problem::Problem;
use crate::registry::{Measured, NewVersion};
use crate::term::{self, Progress};

/// Steps behind the validation: the winner is fitted to all rows, and its inputs are weighed.
const AFTERWARDS: usize = 2;

/// Trains what wins the contest on all that was known as of its date.
///
/// # Errors
/// Inputs that are no numbers, a rule that gives no probability, or DuckDB's.
pub fn train(contest: Contest<'_>, binary: &Binary) -> Result<Trained> {
    let (as_of, spec, recipes) = (contest.as_of, &contest.at.model.spec, &contest.recipes);
    let data = contest.pull()?;
    check_widths(&contest, data.matrix.columns().len())?;
    // The champion's rule may read columns that an edit took away; then it cannot defend itself.
    let incumbent = contest.incumbent.filter(|at| validate::is_computable(&recipes[*at], &data));
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
    let (lines, notes): (Vec<Measured>, Vec<String>) =
        no_folds.into_iter().map(|none| (none.line, none.note)).unzip();
    if folds.is_empty() {
        return Ok(Trained::TooEarly(notes.join("; ")));
    }
    let progress = Progress::new(validate::steps(&folds, recipes) + AFTERWARDS, "train");
    progress.working_on(&contest.at.model.name);
    let mut validated = validate::run(&data, &folds, recipes, spec.seed, &progress)?;
    validated.metrics.extend(lines);
    let compared = Compared { contest: &contest, incumbent, metrics: &validated.metrics, by: binary.metric };
    let winner = compared.winner();
    let recipe = &recipes[winner];
    let rows = data.known_by(as_of);
    let y = data.truth(&rows);
    let fitted = match recipe.rule() {
        Some(_) => None,
        None => Some(recipe.fit(&data.matrix.select(&rows), &y, spec.seed)?.to_bytes()?),
    };
    progress.step();
    let version = NewVersion {
        trained_through: data.trained_through(&rows).unwrap_or(as_of),
        base_rate: Some(y.iter().filter(|label| **label).count() as f64 / y.len() as f64),
        metric: binary.metric.name(),
        mean_metric: compared.value(winner),
        fitted,
        reason: compared.reason(winner),
        metrics: validated.metrics.clone(),
        importances: validated.importances(&data, &folds, recipe, spec.seed)?,
        ..contest.version(winner, &data, &rows)?
    };
    let table = table::of(&validated.metrics, binary.metric);
    Ok(contest.won(version, table, notes, data, &rows))
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

/// The recipes by one metric.
struct Compared<'a> {
    contest: &'a Contest<'a>,
    /// The champion, where it can be computed.
    incumbent: Option<usize>,
    metrics: &'a [Measured],
    by: Metric,
}

impl Compared<'_> {
    /// A recipe's mean out of time.
    fn value(&self, at: usize) -> Option<f64> {
        mean(self.metrics, &self.contest.recipes[at].name, None, self.by)
    }

    /// The best mean. On a tie the champion stays, then a rule, then the candidate named first.
    fn winner(&self) -> usize {
        let recipes = &self.contest.recipes;
        let sign = if self.by.higher_is_better() == Some(false) { -1.0 } else { 1.0 };
        let value = |at| self.value(at).map_or(f64::NEG_INFINITY, |mean| sign * mean);
        let rank = |at: usize| (Some(at) == self.incumbent, recipes[at].rule().is_some(), usize::MAX - at);
        (0..recipes.len())
            .max_by(|&a, &b| value(a).total_cmp(&value(b)).then_with(|| rank(a).cmp(&rank(b))))
            .unwrap_or(0)
    }

    fn reason(&self, winner: usize) -> String {
        let Contest { why, recipes, champion, .. } = self.contest;
        let both = self.incumbent.and_then(|at| self.value(at)).zip(self.value(winner));
        let digits = both.map_or(table::DIGITS, |(one, other)| digits(one, other));
        let shown = |at| self.value(at).map_or_else(String::new, |mean| format!("{mean:.digits$}"));
        let (name, metric) = (&recipes[winner].name, self.by.name());
        match (self.incumbent, champion) {
            (Some(at), Some(version)) if at == winner => {
                let number = version.number;
                format!("{why}: `{name}` stays (version {number}), fitted again; mean {metric} {}", shown(at))
            }
            (Some(at), Some(version)) => format!(
                "{why}: `{name}` beats `{}` (version {}), mean {metric} {} against {}",
                recipes[at].name,
                version.number,
                shown(winner),
                shown(at)
            ),
            _ => format!("{why}: `{name}` has the best mean {metric}, {}", shown(winner)),
        }
    }
}
