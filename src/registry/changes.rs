//! What differs between two versions of a model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use similar::TextDiff;

use super::contests::shown;
use super::files::files;
use super::version::Version;
use crate::learn::Recipe;
use crate::output::Table;
use crate::warehouse::Warehouse;

#[derive(Serialize)]
pub struct Changes {
    versions: [i32; 2],
    /// Unified differences, by file; `None` where the files of a version were not kept.
    files: Option<BTreeMap<String, String>>,
    inputs_added: Vec<String>,
    inputs_removed: Vec<String>,
    /// Candidate, algorithm and settings, where they differ.
    settings: Option<[Recipe; 2]>,
    metrics: Vec<Line>,
}

/// A metric of both versions at a fold; of all folds where it is the mean.
#[derive(Serialize)]
struct Line {
    fold: String,
    metric: String,
    values: [Option<f64>; 2],
}

impl Changes {
    pub fn between(warehouse: &Warehouse, one: &Version, other: &Version) -> Result<Self> {
        let (before, after) = (one.inputs(warehouse)?, other.inputs(warehouse)?);
        let without = |list: &[String], other: &[String]| -> Vec<String> {
            list.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let recipes = [one.recipe()?, other.recipe()?];
        Ok(Self {
            versions: [one.number, other.number],
            files: differences(warehouse, one, other)?,
            inputs_added: without(&after, &before),
            inputs_removed: without(&before, &after),
            settings: (recipes[0] != recipes[1]).then_some(recipes),
            metrics: metrics(warehouse, one, other)?,
        })
    }

    /// For people, without the metrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let [one, other] = self.versions;
        match &self.files {
            None => text.push_str("the files of one of them were not kept, it is of an earlier olist\n"),
            Some(files) if files.is_empty() => text.push_str("the files are the same\n"),
            Some(files) => text.extend(files.values().map(String::as_str)),
        }
        for (what, names) in [("added", &self.inputs_added), ("removed", &self.inputs_removed)] {
            if !names.is_empty() {
                let _ = writeln!(text, "inputs {what}: {}", names.join(", "));
            }
        }
        match &self.settings {
            None => text.push_str("the candidate and its settings are the same\n"),
            Some([before, after]) => {
                let _ = writeln!(text, "version {one}: {}\nversion {other}: {}", json!(before), json!(after));
            }
        }
        text
    }

    pub fn table(&self) -> Table {
        let [one, other] = self.versions;
        let columns =
            ["metric", "fold", &format!("version_{one}"), &format!("version_{other}"), "difference"];
        let mut table = Table::new(&columns.map(str::to_owned));
        for Line { fold, metric, values: [one, other] } in &self.metrics {
            let difference = one.zip(*other).map(|(one, other)| other - one);
            table.push(vec![metric.clone(), fold.clone(), shown(*one), shown(*other), shown(difference)]);
        }
        table
    }
}

/// The files of both that are not the same, each as a unified difference.
fn differences(
    warehouse: &Warehouse,
    one: &Version,
    other: &Version,
) -> Result<Option<BTreeMap<String, String>>> {
    let before = files(warehouse, &one.model, one.number)?;
    let after = files(warehouse, &other.model, other.number)?;
    if before.is_empty() || after.is_empty() {
        return Ok(None);
    }
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differ = |name: &&String| before.get(*name) != after.get(*name);
    let unified = |name: &String| {
        let text = |files: &BTreeMap<String, String>| files.get(name).cloned().unwrap_or_default();
        let (before, after) = (text(&before), text(&after));
        let heads = [one, other].map(|version| format!("{name} (version {})", version.number));
        let diff = TextDiff::from_lines(&before, &after);
        (name.clone(), diff.unified_diff().header(&heads[0], &heads[1]).to_string())
    };
    Ok(Some(names.into_iter().filter(differ).map(unified).collect()))
}

/// Every metric of the two at every fold that one of them has, and its mean over their own folds.
fn metrics(warehouse: &Warehouse, one: &Version, other: &Version) -> Result<Vec<Line>> {
    let sql = "with of as (
            select version = ? as is_other, snapshot, metric, value, rowid as place from registry.metrics
            where model = ? and slice is null and snapshots > 0
                and (version = ? and candidate = ? or version = ? and candidate = ?)
        ),
        lines as (
            select snapshot::varchar as fold, metric, is_other, value, place from of
            union all
            select 'mean', metric, is_other, avg(value), max(place) from of group by metric, is_other
        )
        select fold, metric, max(value) filter (where not is_other), max(value) filter (where is_other)
        from lines group by fold, metric
        order by metric <> (select metric from registry.models where model = ? and version = ?), min(min(place)) over (partition by metric), metric, fold = 'mean', fold";
    let (model, number) = (&one.model, &other.number);
    let values: [&dyn duckdb::ToSql; 8] =
        [number, model, &one.number, &one.candidate, number, &other.candidate, model, number];
    Ok(warehouse.rows(sql, &values, |row| {
        Ok(Line { fold: row.get(0)?, metric: row.get(1)?, values: [row.get(2)?, row.get(3)?] })
    })?)
}
