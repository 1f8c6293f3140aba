//! Groups of the newest snapshot.

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
    let mut choice = choice(&mut contest, clusters, &tried, &data)?;
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
    let reason = &mut choice.verdict.reason;
    *reason = format!("{}: `{}` {reason}", contest.why, recipes[winner.recipe].name);
    let (metric, mean_metric) = winner.metric();
    let earlier = contest.rival.version().map(|version| version.fitted(contest.warehouse));
    let clustering = match earlier.transpose()?.flatten() {
        Some(bytes) => winner.clustering.clone().succeeding(&Clustering::from_bytes(&bytes)?),
        None => winner.clustering.clone(),
    };
    stage(at, &data, &rows, &clustering)?;
    let lines = |one: &Tried| one.lines(&recipes[one.recipe].name, snapshot.date, rows.len());
    let version = NewVersion {
        trained_through: snapshot.date,
        metric,
        mean_metric,
        fitted: Some(clustering.to_bytes()?),
        verdict: choice.verdict,
        metrics: tried.iter().flat_map(lines).collect(),
        segments: profile::describe(at, clusters, &snapshot, &data, &clustering, as_of)?,
        ..contest.version(winner.recipe, &data, &rows)?
    };
    let table = choose::table(&tried, recipes);
    Ok(contest.won(version, table, Vec::new(), data, &rows))
}

/// Which of those `tried` is the new version, and whether it takes over.
fn choice(contest: &mut Contest<'_>, clusters: &Clusters, tried: &[Tried], data: &Dataset) -> Result<Choice> {
    let as_of = contest.as_of;
    let parts = contest.rival.version().map(Version::recipe).transpose()?.map(|recipe| recipe.parts);
    let incumbent = contest.recipes.iter().position(|recipe| Some(&recipe.parts) == parts.as_ref());
    let number = contest.rival.version().map(|version| version.number);
    let best = |incumbent| choose::best(tried, clusters, incumbent, number);
    let own = match &mut contest.rival {
        Rival::Nobody | Rival::Same(_) => return Ok(best(incumbent)),
        Rival::Lost(version, lost) => {
            Err((version.inputs(contest.warehouse)? == data.matrix.columns(), lost.clone()))
        }
        Rival::Own(own) => match own.rows(as_of, &own.snapshots(as_of)?)? {
            Ok(rows) if incumbent.is_some() && rows.is_same(data) => return Ok(best(incumbent)),
            Ok(rows) => Ok((own.spec()?.seed, own.version.recipe()?, rows)),
            Err(lost) => Err((lost.serves, lost.why)),
        },
    };
    let (number, mut choice) = (number.unwrap_or_default(), best(None));
    let other = match own {
        Ok((seed, recipe, rows)) => {
            let newest = rows.dates.last().map(|date| rows.of(*date)).unwrap_or_default();
            let mut own = choose::all(&[recipe], &rows.matrix.select(&newest), seed);
            own.as_mut().map_or(Ok(()), |own| outcome::measure(own, &rows, as_of))?;
            own.map(|mut own| own.remove(0))
        }
        Err((true, why)) => Err(format!("it cannot be fitted again: {why}")),
        Err((false, why)) => {
            let end = format!("; takes over, because version {number} cannot score any more: {why}");
            choice.verdict.reason.push_str(&end);
            return Ok(choice);
        }
    };
    Ok(choice.beside(other.as_ref(), tried, clusters, number, contest.is_accepted))
}
