//! Segments: rows that are alike, the number of groups, and segments that keep their identity.

mod choose;
mod profile;

use std::time::Instant;

use anyhow::{Context, Result};
use chrono::NaiveDate;

pub use profile::{table_of, write_profile};

use crate::catalog::{Catalog, Model};
use crate::config::Clusters;
use crate::dataset::{Pulled, pull};
use crate::learn::{Algorithm, Clustering};
use crate::registry::outbox;
use crate::registry::{self, Measured, NewVersion};
use crate::score::{self, Job, Staged};
use crate::term;
use crate::train::{Recipe, TooEarly, Training};
use crate::wall;
use crate::warehouse::{Warehouse, text};

/// Groups the newest snapshot up to `as_of`, and makes the best number of groups champion.
///
/// All ABT partitions of the model's snapshots up to `as_of` have to be built.
///
/// # Errors
/// Inputs that are no numbers, expressions that do not work, or DuckDB's.
pub fn train(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    clusters: &Clusters,
    as_of: NaiveDate,
    why: &str,
    run_id: &str,
) -> Result<Result<Training, TooEarly>> {
    let started = Instant::now();
    let champion =
        registry::in_force(warehouse, &model.name, as_of)?.filter(|version| version.as_of <= as_of);
    let mut recipes = Recipe::all(&model.spec);
    let incumbent = champion.as_ref().map(|version| Recipe::of_version(version, &mut recipes)).transpose()?;
    let earlier = match &champion {
        Some(version) => registry::fitted(warehouse, version)?,
        None => None,
    };
    let earlier = earlier.map(|bytes| Clustering::from_bytes(&bytes)).transpose()?;
    let snapshots = model.spec.snapshots(as_of);
    let pulled = pull(warehouse, catalog, model, &snapshots, &std::collections::BTreeMap::new())?;
    let snapshot = *snapshots.last().context("a training needs a snapshot")?;
    let rows: Vec<usize> = (0..pulled.dates.len()).filter(|&row| pulled.dates[row] == snapshot).collect();
    let x = pulled.matrix.select(&rows);
    let tried = match choose::all(&recipes, &x, model.spec.seed) {
        Ok(tried) => tried,
        Err(message) => return Ok(Err(TooEarly(format!("{snapshot}: {message}")))),
    };
    let choice = choose::best(&tried, clusters, incumbent);
    let winner = &tried[choice.place];
    let clustering = winner.clustering.clone();
    let clustering = match &earlier {
        Some(earlier) => clustering.succeeding(earlier),
        None => clustering,
    };
    let recipe = &recipes[winner.recipe];
    if !choice.is_admissible {
        term::warn(&format!(
            "{}: no candidate has a stability of {} and segments of at least {:.0} %; the most stable one is taken",
            model.name,
            clusters.stability,
            100.0 * clusters.smallest_share
        ));
    }
    let reason = format!("{why}: `{}` {}", recipe.name, choice.reason);
    let (definition, parts) = catalog.definition(model)?;
    let new = NewVersion {
        model: &model.name,
        candidate: &recipe.name,
        recipe,
        inputs: pulled.matrix.columns(),
        as_of,
        trained_through: snapshot,
        rows: rows.len(),
        base_rate: None,
        data_digest: pulled.digest(&rows),
        definition: &definition,
        definition_parts: &parts,
        metric: choose::SILHOUETTE,
        mean_metric: winner.silhouette,
        fitted: Some(clustering.to_bytes()?),
        run_id,
        news: outbox::Training::of(warehouse, catalog, model, as_of, &recipes, &x, started.elapsed())?,
        profile: wall::inputs(&x, &pulled.dates_of(&rows)),
    };
    let metrics: Vec<Measured<'_>> = tried
        .iter()
        .flat_map(|tried| tried.lines(&recipes[tried.recipe].name, snapshot, rows.len()))
        .collect();
    stage(warehouse, catalog, model, &pulled, &rows, snapshot, &clustering)?;
    let segments =
        profile::describe(warehouse, catalog, model, clusters, &pulled, &clustering, snapshot, as_of)?;
    let version = registry::add(warehouse, &new, &metrics, &[], &segments, &reason)?;
    let table = choose::table(&tried, &recipes);
    Ok(Ok(Training { version, table, reason, seconds: started.elapsed().as_secs_f64() }))
}

/// The segments of a date, staged, and the columns made of them.
pub fn assign(job: &Job<'_>) -> Result<Staged> {
    let bytes = registry::fitted(job.warehouse, job.version)?.context("a clustering has centres")?;
    let clustering = Clustering::from_bytes(&bytes).map_err(|error| job.stale(&error.to_string()))?;
    let none = std::collections::BTreeMap::new();
    let pulled = pull(job.warehouse, job.catalog, job.model, &[job.date], &none)?;
    let rows: Vec<usize> = (0..pulled.dates.len()).collect();
    let values = stage(job.warehouse, job.catalog, job.model, &pulled, &rows, job.date, &clustering)
        .map_err(|error| job.stale(&error.to_string()))?;
    let name = format!(
        "(select segment_name from registry.segments as s
          where s.model = {} and s.version = {} and s.segment = stage.segment)",
        text(&job.model.name),
        job.version.number
    );
    let columns = vec![
        ("segment", "segment::integer".to_owned(), "Number of the segment; the same in later versions"),
        ("segment_name", name, "Name of the segment in this version, from the model's `name`"),
        ("distance", "distance".to_owned(), "From the centre of the segment, in units of the inputs"),
    ];
    Ok(Staged { pulled, values, columns, order: "segment" })
}

/// Puts keys, segments and distances of `rows`, all of one date, into the temporary table `stage`; gives the segments.
fn stage(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    pulled: &Pulled,
    rows: &[usize],
    date: NaiveDate,
    clustering: &Clustering,
) -> Result<Vec<f64>> {
    let assigned = clustering.assign(&pulled.matrix.select(rows))?;
    let numbers: Vec<f64> =
        assigned.iter().map(|(at, _)| f64::from(clustering.segments()[*at].number)).collect();
    let distances = assigned.iter().map(|(_, distance)| *distance).collect();
    let values = [("segment", numbers.clone()), ("distance", distances)];
    score::stage(warehouse, catalog, model, &pulled.keys_of(rows)?, date, &values)?;
    Ok(numbers)
}

/// The number of groups that a recipe asks for.
fn settings_of(recipe: &Recipe) -> Option<&crate::learn::KMeansSettings> {
    match recipe.parts.as_slice() {
        [Algorithm::KMeans(settings)] => Some(settings),
        _ => None,
    }
}
