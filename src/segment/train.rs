//! Groups of the newest snapshot.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use super::assign::stage;
use super::choose::{self, Choice, Tried};
use super::{outcome, profile};
use crate::config::Clusters;
use crate::dataset::Dataset;
use crate::learn::Clustering;
use crate::registry::{NewVersion, Version};
use crate::term;
use crate::train::{Contest, Rival, Trained};

/// Groups the newest snapshot; the best number of groups wins, unless that of the version that serves is as good.
///
/// # Errors
/// Inputs that are no numbers, expressions that do not work, or DuckDB's.
pub fn train(mut contest: Contest<'_>, clusters: &Clusters) -> Result<Trained> {
    let (at, as_of) = (contest.at, contest.as_of);
    let data = contest.pull()?;
    let snapshot = at.snapshot(*data.dates.last().context("a training needs a snapshot")?)?;
    let rows = data.of(snapshot.date);
    let x = data.matrix.select(&rows);
    let mut tried = match choose::all(&contest.recipes, &x, at.model.spec.seed) {
        Ok(tried) => tried,
        Err(message) => return Ok(Trained::TooEarly(format!("{}: {message}", snapshot.date))),
    };
    outcome::measure(&mut tried, &data, as_of)?;
    let choice = choice(&mut contest, clusters, &tried, &data)?;
    if !choice.is_admissible {
        term::warn(&format!(
            "{}: no candidate has a stability of {} and segments of at least {:.0} %; the most stable one is taken",
            at.model.name,
            clusters.stability,
            100.0 * clusters.smallest_share
        ));
    }
    let recipes = &contest.recipes;
    let winner = &tried[choice.place];
    let (metric, mean_metric) = winner.metric();
    let earlier = match contest.rival.version() {
        Some(version) => version.fitted(contest.warehouse)?,
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
        metric,
        mean_metric,
        fitted: Some(clustering.to_bytes()?),
        verdict: choice.verdict,
        metrics: measured.collect(),
        segments: profile::describe(at, clusters, &snapshot, &data, &clustering, as_of)?,
        ..contest.version(winner.recipe, &data, &rows)?
    };
    let table = choose::table(&tried, recipes);
    Ok(contest.won(version, table, Vec::new(), data, &rows))
}

/// Which of those `tried` is the new version, and whether it takes over.
fn choice(contest: &mut Contest<'_>, clusters: &Clusters, tried: &[Tried], data: &Dataset) -> Result<Choice> {
    let (as_of, is_accepted, why) = (contest.as_of, contest.is_accepted, contest.why);
    let parts = contest.rival.version().map(Version::recipe).transpose()?.map(|recipe| recipe.parts);
    let incumbent = contest.recipes.iter().position(|recipe| Some(&recipe.parts) == parts.as_ref());
    let number = contest.rival.version().map(|version| version.number);
    let recipes = &contest.recipes;
    let named = |choice: Choice| {
        let name = &recipes[tried[choice.place].recipe].name;
        choice.told(why, name)
    };
    let best = |incumbent| choose::best(tried, clusters, incumbent, number);
    let own = match &mut contest.rival {
        Rival::Nobody | Rival::Same(_) => return Ok(named(best(incumbent))),
        Rival::Lost(version, lost) => {
            Err((version.inputs(contest.warehouse)? == data.matrix.columns(), lost.clone()))
        }
        Rival::Own(own) => {
            let dates: BTreeSet<_> = own.snapshots(as_of)?;
            match own.rows(as_of, &dates)? {
                Ok(rows) if incumbent.is_some() && rows.is_same(data) => return Ok(named(best(incumbent))),
                Ok(rows) => Ok((own.spec()?.clone(), own.version.recipe()?, rows)),
                Err(lost) => Err((lost.serves, lost.why)),
            }
        }
    };
    let number = number.unwrap_or_default();
    let against = match &own {
        Ok((spec, recipe, rows)) => {
            let newest = rows.dates.last().map(|date| rows.of(*date)).unwrap_or_default();
            let mut own = choose::all(std::slice::from_ref(recipe), &rows.matrix.select(&newest), spec.seed);
            own.as_mut().map_or(Ok(()), |own| outcome::measure(own, rows, as_of))?;
            own
        }
        Err((true, why)) => Err(format!("it cannot be fitted again: {why}")),
        Err((false, why)) => return Ok(named(best(None).instead(number, why))),
    };
    Ok(named(best(None).against(
        against.as_ref().map(|tried| &tried[0]),
        tried,
        clusters,
        number,
        is_accepted,
    )))
}
