//! Schema `registry`: model versions, their metrics, and who is champion when.

pub mod comparison;
pub mod outbox;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use duckdb::Row;

use crate::catalog::Parts;
use crate::learn::{Importance, Interval};
use crate::problem::Problem;
use crate::train::Recipe;
use crate::wall;
use crate::warehouse::Warehouse;
use outbox::News;

/// A version that is about to be written.
pub struct NewVersion<'a> {
    pub model: &'a str,
    pub candidate: &'a str,
    pub recipe: &'a Recipe,
    pub inputs: &'a [String],
    pub as_of: NaiveDate,
    pub trained_through: NaiveDate,
    pub rows: usize,
    /// `None` where nothing is predicted.
    pub base_rate: Option<f64>,
    pub data_digest: String,
    pub definition: &'a str,
    pub definition_parts: &'a Parts,
    pub metric: &'a str,
    pub mean_metric: Option<f64>,
    /// `None` for a rule.
    pub fitted: Option<Vec<u8>>,
    pub run_id: &'a str,
    /// What MLflow is to hear beyond this.
    pub news: outbox::Training,
    /// What its inputs were like.
    pub profile: Vec<wall::Input>,
}

/// One line of `registry.metrics`.
pub struct Measured<'a> {
    pub candidate: &'a str,
    /// The first snapshot of the fold.
    pub snapshot: NaiveDate,
    pub snapshots: usize,
    pub slice: Option<&'a str>,
    pub metric: &'a str,
    pub value: Option<f64>,
    pub interval: Option<Interval>,
    pub rows: usize,
    pub entities: usize,
    pub base_rate: Option<f64>,
}

/// One line of `registry.segments`.
pub struct Segment {
    pub number: i32,
    pub name: String,
    pub sets_apart: String,
    pub rows: i64,
    pub share: f64,
    /// Mean of the label at `outcome_from`, where it was known.
    pub outcome_share: Option<f64>,
    pub outcome_from: Option<NaiveDate>,
}

/// A version as the registry has it, without the fitted model.
#[derive(Debug, Clone)]
pub struct Version {
    pub model: String,
    pub number: i32,
    pub candidate: String,
    /// The recipe, as JSON.
    pub settings: String,
    pub as_of: NaiveDate,
    pub trained_through: NaiveDate,
    pub definition: String,
    pub definition_parts: Parts,
}

const COLUMNS: &str = "m.model, m.version, m.candidate, m.settings, m.as_of, m.trained_through, m.definition,
    m.definition_parts";

fn read(row: &Row<'_>) -> duckdb::Result<Version> {
    let parts: Option<String> = row.get(7)?;
    Ok(Version {
        model: row.get(0)?,
        number: row.get(1)?,
        candidate: row.get(2)?,
        settings: row.get(3)?,
        as_of: row.get(4)?,
        trained_through: row.get(5)?,
        definition: row.get(6)?,
        definition_parts: parts.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
    })
}

/// The champion that scores `date`: the newest one trained through it or earlier; if there is none, the present one.
pub fn in_force(warehouse: &Warehouse, model: &str, date: NaiveDate) -> Result<Option<Version>> {
    let sql = format!(
        "select {COLUMNS} from registry.models as m
         inner join registry.champions as c on c.model = m.model and c.version = m.version
         where m.model = ? and (c.ended_because is null or c.ended_because = '{SUCCEEDED}')
         order by m.trained_through <= ? desc,
             case when m.trained_through <= ? then m.trained_through end desc, c.until is null desc, m.version desc
         limit 1"
    );
    Ok(warehouse.row(&sql, &[&model, &date, &date], read)?)
}

/// The reign ended with a later training, and still counts for the dates before that.
const SUCCEEDED: &str = "succeeded";
/// Another version was promoted by hand: the reign no longer counts for any date.
const WITHDRAWN: &str = "withdrawn";
/// As withdrawn, and a further rollback passes it by.
const ROLLED_BACK: &str = "rolled back";

/// All versions of a model, or of all models, oldest first.
pub fn versions(warehouse: &Warehouse, model: &str) -> Result<Vec<Version>> {
    let sql = format!("select {COLUMNS} from registry.models as m where m.model = ? order by m.version");
    Ok(warehouse.rows(&sql, &[&model], read)?)
}

/// The version that is champion now.
pub fn champion(warehouse: &Warehouse, model: &str) -> Result<Option<Version>> {
    let sql = format!(
        "select {COLUMNS} from registry.models as m
         inner join registry.champions as c on c.model = m.model and c.version = m.version
         where m.model = ? and c.until is null"
    );
    Ok(warehouse.row(&sql, &[&model], read)?)
}

/// A version by its number.
pub fn version(warehouse: &Warehouse, model: &str, number: i32) -> Result<Version> {
    let all = versions(warehouse, model)?;
    if let Some(version) = all.iter().find(|version| version.number == number) {
        return Ok(version.clone());
    }
    let known: Vec<String> = all.iter().map(|version| version.number.to_string()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Problem::usage(format!("`{model}` has no version {number}"))
        .hint(format!("its versions: {known}; `olist models {model}` shows them"))
        .into())
}

/// The stored model of a version, as bytes; `None` for a rule.
pub fn fitted(warehouse: &Warehouse, version: &Version) -> Result<Option<Vec<u8>>> {
    let bytes = warehouse.row(
        "select fitted from registry.models where model = ? and version = ?",
        &[&version.model, &version.number],
        |row| row.get::<_, Option<Vec<u8>>>(0),
    )?;
    Ok(bytes.flatten())
}

/// Writes a version with its metrics and makes it champion, in one transaction.
pub fn add(
    warehouse: &Warehouse,
    new: &NewVersion<'_>,
    metrics: &[Measured<'_>],
    importances: &[Importance],
    segments: &[Segment],
    reason: &str,
) -> Result<Version> {
    warehouse.transaction(|| {
        let number = warehouse
            .row("select 1 + coalesce(max(version), 0) from registry.models where model = ?", &[&new.model], |row| {
                row.get::<_, i32>(0)
            })?
            .unwrap_or(1);
        let settings = serde_json::to_string(new.recipe)?;
        let inputs = serde_json::to_string(new.inputs)?;
        let parts = serde_json::to_string(new.definition_parts)?;
        warehouse.execute(
            "insert into registry.models
             select ?, ?, ?, ?, ?, from_json(?, '[\"varchar\"]'), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now()::timestamp, ?",
            &[
                &new.model,
                &number,
                &new.candidate,
                &new.recipe.algorithm(),
                &settings,
                &inputs,
                &new.as_of,
                &new.trained_through,
                &i64::try_from(new.rows)?,
                &new.base_rate,
                &new.data_digest,
                &new.definition,
                &parts,
                &new.mean_metric,
                &new.metric,
                &new.fitted,
                &env!("CARGO_PKG_VERSION"),
                &new.run_id,
            ],
        )?;
        wall::keep(warehouse, new.model, number, &new.profile)?;
        for line in metrics {
            warehouse.execute(
                "insert into registry.metrics by name
                 select ? as model, ? as version, ? as candidate, ? as snapshot, ? as snapshots, ? as slice, ? as metric,
                     ? as value, ? as low, ? as high, ? as rows, ? as entities, ? as base_rate",
                &[
                    &new.model,
                    &number,
                    &line.candidate,
                    &line.snapshot,
                    &i64::try_from(line.snapshots)?,
                    &line.slice,
                    &line.metric,
                    &line.value,
                    &line.interval.map(|interval| interval.low),
                    &line.interval.map(|interval| interval.high),
                    &i64::try_from(line.rows)?,
                    &i64::try_from(line.entities)?,
                    &line.base_rate,
                ],
            )?;
        }
        for importance in importances {
            warehouse.execute(
                "insert into registry.importances values (?, ?, ?, ?)",
                &[&new.model, &number, &importance.column, &importance.roc_auc_drop],
            )?;
        }
        for segment in segments {
            warehouse.execute(
                "insert into registry.segments values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                &[
                    &new.model,
                    &number,
                    &segment.number,
                    &segment.name,
                    &segment.sets_apart,
                    &segment.rows,
                    &segment.share,
                    &segment.outcome_share,
                    &segment.outcome_from,
                ],
            )?;
        }
        crown(warehouse, new.model, number, new.trained_through, reason, SUCCEEDED)?;
        let news = News::Training(Box::new(new.news.clone()));
        outbox::add(warehouse, new.model, number, None, new.run_id, &news)?;
        let version = versions(warehouse, new.model)?.into_iter().find(|version| version.number == number);
        version.context("the new version is not in the registry")
    })
}

/// Ends the present reign and begins that of `number`.
fn crown(
    warehouse: &Warehouse,
    model: &str,
    number: i32,
    trained_through: NaiveDate,
    reason: &str,
    ended_because: &str,
) -> Result<()> {
    warehouse.execute(
        "update registry.champions set until = now()::timestamp, ended_because = ? where model = ? and until is null",
        &[&ended_because, &model],
    )?;
    warehouse.execute(
        "insert into registry.champions values (?, ?, ?, now()::timestamp, null, ?, null)",
        &[&model, &number, &trained_through, &reason],
    )?;
    Ok(())
}

/// Makes `number` champion by hand. Reigns of versions trained later are withdrawn, so that it scores all dates from
/// its training on.
pub fn promote(
    warehouse: &Warehouse,
    model: &str,
    number: i32,
    reason: &str,
    run_id: &str,
) -> Result<Version> {
    replace_champion(warehouse, model, number, reason, WITHDRAWN, run_id)
}

/// Makes the version that was champion before the present one champion again.
pub fn rollback(warehouse: &Warehouse, model: &str, reason: &str, run_id: &str) -> Result<Version> {
    let earlier = warehouse.row(
        "select version from registry.champions
         where model = ? and until is not null
             and version not in (
                 select version from registry.champions
                 where model = ? and (until is null or ended_because = ?)
             )
         order by until desc, since desc limit 1",
        &[&model, &model, &ROLLED_BACK],
        |row| row.get::<_, i32>(0),
    )?;
    let earlier = earlier.ok_or_else(|| {
        Problem::usage(format!("`{model}` has no earlier champion to go back to")).hint(format!(
            "`olist models {model}` shows its versions; `olist promote {model} VERSION` takes any"
        ))
    })?;
    replace_champion(warehouse, model, earlier, reason, ROLLED_BACK, run_id)
}

fn replace_champion(
    warehouse: &Warehouse,
    model: &str,
    number: i32,
    reason: &str,
    ended_because: &str,
    run_id: &str,
) -> Result<Version> {
    let version = version(warehouse, model, number)?;
    let present = warehouse.row(
        "select version from registry.champions where model = ? and until is null",
        &[&model],
        |row| row.get::<_, i32>(0),
    )?;
    if present == Some(number) {
        return Err(Problem::usage(format!("version {number} of `{model}` is champion already")).into());
    }
    warehouse.transaction(|| {
        crown(warehouse, model, number, version.trained_through, reason, ended_because)?;
        // Champions between that version's training and now no longer count either.
        warehouse.execute(
            "update registry.champions set ended_because = ?
             where model = ? and version <> ? and trained_through >= ? and ended_because = ?",
            &[&WITHDRAWN, &model, &number, &version.trained_through, &SUCCEEDED],
        )?;
        outbox::add(warehouse, model, number, None, run_id, &News::Champion { reason: reason.to_owned() })
    })?;
    Ok(version)
}
