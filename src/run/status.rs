//! What stands where: every table and score by date, and what the next run would do with each model.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::Result;
use chrono::NaiveDate;
use duckdb::types::FromSql;

use super::{Loaded, due};
use crate::catalog::{Catalog, Model};
use crate::dataset::Workspace;
use crate::partitions::{Basis, Entry, Ledger, Plan, anywhere};
use crate::registry::{self, Version};
use crate::score;
use crate::warehouse::Warehouse;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Built,
    /// What it was made of is not what is there now.
    Stale,
    /// Others at the date need it, and it is not there.
    Missing,
    Failed,
}

impl State {
    const fn name_and_sign(self) -> (&'static str, char) {
        match self {
            Self::Built => ("built", '#'),
            Self::Stale => ("stale", 's'),
            Self::Missing => ("missing", 'm'),
            Self::Failed => ("failed", 'F'),
        }
    }

    pub const fn sign(self) -> char {
        self.name_and_sign().1
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name_and_sign().0)
    }
}

/// One table at one date.
pub struct Standing {
    pub table: String,
    pub date: NaiveDate,
    pub state: State,
    /// Why it is not simply built.
    pub why: String,
    pub rows: Option<i64>,
    /// Rows that checks kept out.
    pub quarantined: usize,
}

/// A model, and what the next run does with it.
pub struct Prospect {
    pub model: String,
    pub champion: Option<Version>,
    /// Why it would be trained; `None` where the champion goes on.
    pub training: Option<String>,
    /// The last training that failed, and none since.
    pub failed: Option<String>,
}

pub struct Status {
    pub standings: Vec<Standing>,
    pub prospects: Vec<Prospect>,
    /// Partitions that are to be built at the latest date.
    pub open: usize,
}

/// How `selected` tables and scores stand. Nothing is written.
pub fn status(
    warehouse: &Warehouse,
    catalog: &Catalog,
    loaded: &Loaded,
    selected: &BTreeSet<String>,
) -> Result<Status> {
    let ledger = Ledger::read(warehouse)?;
    let failures: ByPartition<String> = by_partition(warehouse, FAILED)?;
    let quarantined: ByPartition<usize> = by_partition(warehouse, QUARANTINED)?;
    let basis = Basis {
        ledger: &ledger,
        loads: &loaded.loads,
        settled_until: loaded.last_date(),
        force: false,
        holds: &anywhere,
    };
    let mut dates: BTreeMap<NaiveDate, BTreeSet<String>> = BTreeMap::new();
    let built = ledger.entries().map(|(table, date, _)| (table, date));
    for (table, date) in built.chain(failures.keys().map(|(table, date)| (table, *date))) {
        let tables = dates.entry(date).or_default();
        if catalog.order.contains(table) {
            tables.extend(catalog.upstream(table));
            tables.insert(table.clone());
        }
    }
    let mut standings = Vec::new();
    for (date, tables) in dates {
        let plan = Plan::make(catalog, &tables, &[date], &basis)?;
        for table in catalog.order.iter().filter(|name| tables.contains(*name) && selected.contains(*name)) {
            let entry = ledger.get(table, date);
            let why = match table.strip_prefix("scores.").and_then(|name| catalog.models.get(name)) {
                Some(model) => {
                    let at = Workspace { warehouse, catalog, model };
                    entry.map(|entry| scores_differ(at, date, entry, &plan)).transpose()?.flatten()
                }
                None => {
                    plan.tasks.iter().find(|task| task.table == *table).map(|task| task.reason.to_string())
                }
            };
            let partition = (table.clone(), date);
            let (state, why) = match (failures.get(&partition), entry, why) {
                (Some(message), ..) => (State::Failed, message.clone()),
                (None, None, _) => (State::Missing, "others at this date need it".to_owned()),
                (None, Some(_), Some(why)) => (State::Stale, why),
                (None, Some(_), None) => (State::Built, String::new()),
            };
            let quarantined = quarantined.get(&partition).copied().unwrap_or(0);
            let (table, rows) = (partition.0, entry.map(|entry| entry.rows));
            standings.push(Standing { table, date, state, why, rows, quarantined });
        }
    }
    let open = Plan::make(catalog, selected, &[loaded.last_date()], &basis)?.tasks.len();
    let models = catalog.models_of(selected).into_iter();
    let prospects = models.map(|model| prospect(warehouse, catalog, model, loaded.last_date(), &failures));
    Ok(Status { standings, prospects: prospects.collect::<Result<_>>()?, open })
}

/// Why scores would be made again.
fn scores_differ(at: Workspace<'_>, date: NaiveDate, entry: &Entry, plan: &Plan) -> Result<Option<String>> {
    let Some(version) = registry::in_force(at.warehouse, &at.model.name, date)? else { return Ok(None) };
    let made_of = score::made_of(&at.model.spec.task, &plan.visible, &plan.fingerprints);
    let mut inputs = score::inputs(&at.snapshot(date)?, &version, made_of);
    let due = due::due(at.warehouse, at.catalog, at.model, Some(&version), date, false)?;
    if due.pending.is_some() {
        // It goes on to score by files of its own: what the project's are now does not matter.
        inputs.retain(|name, _| name == "version");
    }
    Ok(score::changed(&entry.inputs, &inputs))
}

fn prospect(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    date: NaiveDate,
    failures: &ByPartition<String>,
) -> Result<Prospect> {
    let champion = registry::in_force(warehouse, &model.name, date)?;
    let why = due::due(warehouse, catalog, model, champion.as_ref(), date, false)?.why;
    let mut failed = failures.iter().rev().filter(|((name, _), _)| *name == model.training());
    let failed = failed.next().map(|((_, date), message)| format!("as of {date}: {message}"));
    Ok(Prospect { model: model.name.clone(), champion, training: why.map(|why| why.to_string()), failed })
}

type ByPartition<T> = BTreeMap<(String, NaiveDate), T>;

/// What failed and has not been built since.
const FAILED: &str = "select table_name, reference_date, message from pipeline.failures";
/// How many rows checks keep out of each partition.
const QUARANTINED: &str = "select table_name, reference_date, count(*) from pipeline.quarantine where severity = 'drop' group by all";

fn by_partition<T: FromSql>(warehouse: &Warehouse, sql: &str) -> Result<ByPartition<T>> {
    let rows = warehouse.rows(sql, &[], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    Ok(rows.into_iter().collect())
}
