//! Training: candidates side by side out of time, the champion, and its version in the registry.

mod recipe;
mod table;
mod validate;

use std::time::Instant;

use anyhow::Result;
use chrono::NaiveDate;
use rayon::prelude::*;

pub use recipe::{Recipe, rules};

use crate::catalog::{Catalog, Model};
use crate::dataset::pull;
use validate::{Outcome, mean};

use crate::config::Binary;
use crate::learn::{self, Fitted, Metric};
use crate::output::Table;
use crate::problem::Problem;
use crate::registry::outbox;
use crate::registry::{self, NewVersion, Version};
use crate::term;
use crate::wall;
use crate::warehouse::Warehouse;

/// A finished training.
pub struct Training {
    pub version: Version,
    /// How the candidates compare, to be shown.
    pub table: Table,
    pub reason: String,
    pub seconds: f64,
}

/// Why no training was possible; scoring by an earlier or later champion still may be.
#[derive(Debug)]
pub struct TooEarly(pub String);

/// Trains `model` on what was known as of `as_of`, and makes the best candidate champion.
///
/// All ABT partitions of the model's snapshots up to `as_of` have to be built.
///
/// # Errors
/// Inputs that are no numbers, a rule that gives no probability, or DuckDB's.
pub fn train(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    binary: &Binary,
    as_of: NaiveDate,
    why: &str,
    run_id: &str,
) -> Result<Result<Training, TooEarly>> {
    let started = Instant::now();
    let champion =
        registry::in_force(warehouse, &model.name, as_of)?.filter(|version| version.as_of <= as_of);
    let mut recipes = Recipe::all(&model.spec);
    let incumbent = champion.as_ref().map(|version| Recipe::of_version(version, &mut recipes)).transpose()?;
    let pulled = pull(warehouse, catalog, model, &model.spec.snapshots(as_of), &recipe::rules(&recipes))?;
    check_widths(catalog, model, pulled.matrix.columns().len())?;
    // The champion's rule may read columns that an edit took away; then it cannot defend itself.
    let incumbent = incumbent.filter(|at| recipes[*at].is_computable(&pulled));
    let folds = match validate::folds(&pulled, as_of, &model.spec, binary.validate) {
        Ok(folds) => folds,
        Err(message) => return Ok(Err(TooEarly(message))),
    };
    let validated = validate::run(&pulled, &folds, &recipes, model)?;
    let outcomes = &validated.outcomes;
    let winner = champion_of(outcomes, &recipes, incumbent, binary.metric);
    let importances = validated.importances(&pulled, &folds, &recipes[winner], model.spec.seed)?;
    let rows = pulled.known_by(as_of);
    let x = pulled.matrix.select(&rows);
    let y = pulled.truth(&rows);
    let fitted = fit_recipe(&recipes[winner], &x, &y, model)?;
    let reason = reason(&recipes, winner, incumbent, outcomes, champion.as_ref(), binary.metric, why);
    let (definition, parts) = catalog.definition(model)?;
    let new = NewVersion {
        model: &model.name,
        candidate: &recipes[winner].name,
        recipe: &recipes[winner],
        inputs: pulled.matrix.columns(),
        as_of,
        trained_through: pulled.trained_through(&rows).unwrap_or(as_of),
        rows: rows.len(),
        base_rate: Some(y.iter().filter(|label| **label).count() as f64 / y.len() as f64),
        data_digest: pulled.digest(&rows),
        definition: &definition,
        definition_parts: &parts,
        metric: binary.metric.name(),
        mean_metric: mean(outcomes, &recipes[winner].name, None, binary.metric),
        fitted: fitted.as_ref().map(Fitted::to_bytes).transpose()?,
        run_id,
        news: outbox::Training::of(warehouse, catalog, model, as_of, &recipes, &x, started.elapsed())?,
        profile: wall::inputs(&x, &pulled.dates_of(&rows)),
    };
    let metrics: Vec<_> = outcomes.iter().flat_map(Outcome::lines).collect();
    let version = registry::add(warehouse, &new, &metrics, &importances, &[], &reason)?;
    let table = table::of(outcomes, binary.metric);
    Ok(Ok(Training { version, table, reason, seconds: started.elapsed().as_secs_f64() }))
}

/// Fails where a candidate asks for more columns than the model has.
fn check_widths(catalog: &Catalog, model: &Model, width: usize) -> Result<()> {
    for candidate in &model.spec.candidates {
        let Some((setting, wanted)) =
            candidate.algorithm.columns_wanted().filter(|(_, wanted)| *wanted > width)
        else {
            continue;
        };
        let path = format!("candidates.{}.{setting}", candidate.name);
        let inputs = term::counted(width, "input");
        return Err(Problem::usage(format!("`{setting}` is {wanted}, but the model has {inputs}"))
            .at(catalog.templates.config_key(&model.file, &path))
            .hint(format!("{width} is the most; left out, it follows the number of inputs"))
            .into());
    }
    Ok(())
}

fn fit_recipe(recipe: &Recipe, x: &learn::Matrix, y: &[bool], model: &Model) -> Result<Option<Fitted>> {
    if recipe.rule().is_some() {
        return Ok(None);
    }
    let parts = recipe.parts.par_iter().map(|part| learn::fit(part, x, y, model.spec.seed));
    recipe::join(parts.collect::<Result<Vec<_>>>()?).map(Some)
}

/// The best mean out of time. On a tie the champion stays, then a rule, then the candidate named first.
fn champion_of(outcomes: &[Outcome], recipes: &[Recipe], incumbent: Option<usize>, metric: Metric) -> usize {
    let sign = if metric.higher_is_better() == Some(false) { -1.0 } else { 1.0 };
    let value = |at: usize| {
        mean(outcomes, &recipes[at].name, None, metric).map_or(f64::NEG_INFINITY, |mean| sign * mean)
    };
    let rank = |at: usize| (value(at), Some(at) == incumbent, recipes[at].rule().is_some(), usize::MAX - at);
    (0..recipes.len())
        .max_by(|&a, &b| {
            let (a, b) = (rank(a), rank(b));
            a.0.total_cmp(&b.0).then((a.1, a.2, a.3).cmp(&(b.1, b.2, b.3)))
        })
        .unwrap_or(0)
}

fn reason(
    recipes: &[Recipe],
    winner: usize,
    incumbent: Option<usize>,
    outcomes: &[Outcome],
    champion: Option<&Version>,
    metric: Metric,
    why: &str,
) -> String {
    let of = |at: usize| mean(outcomes, &recipes[at].name, None, metric);
    let digits = incumbent.and_then(of).zip(of(winner)).map_or(FEWEST_DIGITS, |(a, b)| digits(a, b));
    let shown = |at: usize| of(at).map_or_else(String::new, |m| format!("{m:.digits$}"));
    let name = &recipes[winner].name;
    match (incumbent, champion) {
        (Some(at), Some(version)) if at == winner => {
            format!(
                "{why}: `{name}` stays (version {}), fitted again; mean {} {}",
                version.number,
                metric.name(),
                shown(at)
            )
        }
        (Some(at), Some(version)) => format!(
            "{why}: `{name}` beats `{}` (version {}), mean {} {} against {}",
            recipes[at].name,
            version.number,
            metric.name(),
            shown(winner),
            shown(at)
        ),
        _ => format!("{why}: `{name}` has the best mean {}, {}", metric.name(), shown(winner)),
    }
}

/// Digits of a mean that stands alone.
const FEWEST_DIGITS: usize = 4;

/// As many digits as it takes to tell two means apart, if they differ.
fn digits(one: f64, other: f64) -> usize {
    let differs = |digits: &usize| format!("{one:.0$}", *digits) != format!("{other:.0$}", *digits);
    (FEWEST_DIGITS..16).find(differs).unwrap_or(FEWEST_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn means_have_the_digits_in_which_they_differ() {
        assert_eq!(digits(0.866_101, 0.866_112), 5);
        assert_eq!(digits(0.8661, 0.8502), 4);
        assert_eq!(digits(0.8661, 0.8661), 4);
    }
}
