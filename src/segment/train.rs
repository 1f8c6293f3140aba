//! Groups of the newest snapshot.

use anyhow::{Context, Result};

use super::assign::stage;
use super::{choose, profile};
use crate::config::Clusters;
use crate::learn::Clustering;
use crate::registry::NewVersion;
use crate::term;
use crate::train::{Contest, Trained};

/// Groups the newest snapshot; the best number of groups wins.
///
/// # Errors
/// Inputs that are no numbers, expressions that do not work, or DuckDB's.
pub fn train(contest: Contest<'_>, clusters: &Clusters) -> Result<Trained> {
    let (at, as_of, recipes) = (contest.at, contest.as_of, &contest.recipes);
    let data = contest.pull()?;
    let snapshot = at.snapshot(*data.dates.last().context("a training needs a snapshot")?)?;
    let rows = data.of(snapshot.date);
    let x = data.matrix.select(&rows);
    let tried = match choose::all(recipes, &x, at.model.spec.seed) {
        Ok(tried) => tried,
        Err(message) => return Ok(Trained::TooEarly(format!("{}: {message}", snapshot.date))),
    };
    let choice = choose::best(&tried, clusters, contest.incumbent);
    if !choice.is_admissible {
        term::warn(&format!(
            "{}: no candidate has a stability of {} and segments of at least {:.0} %; the most stable one is taken",
            at.model.name,
            clusters.stability,
            100.0 * clusters.smallest_share
        ));
    }
    let winner = &tried[choice.place];
    let earlier = match &contest.champion {
        Some(version) => version.fitted(at.warehouse)?,
        None => None,
    };
    let clustering = match earlier {
        Some(bytes) => winner.clustering.clone().succeeding(&Clustering::from_bytes(&bytes)?),
        None => winner.clustering.clone(),
    };
    stage(at, &data, &rows, &clustering)?;
    let measured = tried.iter().flat_map(|one| {
        let candidate = &recipes[one.recipe].name;
        one.lines(candidate, snapshot.date, rows.len())
    });
    let version = NewVersion {
        trained_through: snapshot.date,
        metric: choose::SILHOUETTE,
        mean_metric: winner.silhouette,
        fitted: Some(clustering.to_bytes()?),
        reason: format!("{}: `{}` {}", contest.why, recipes[winner.recipe].name, choice.reason),
        metrics: measured.collect(),
        segments: profile::describe(at, clusters, &snapshot, &data, &clustering, as_of)?,
        ..contest.version(winner.recipe, &data, &rows)?
    };
    let table = choose::table(&tried, recipes);
    Ok(contest.won(version, table, Vec::new(), data, &rows))
}
