//! One table at one reference date: rows, checks and the line in the ledger, in one transaction.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::NaiveDate;

use super::engine::{Engine, Made, Rows};
use super::known::Known;
use super::ledger::{self, Entry};
use super::plan::{Plan, Task};
use super::quarantine::{Examples, SetAside};
use super::shape::{self, Change};
use crate::catalog::{Catalog, Node};
use crate::diagnose::analyst;
use crate::guard::Guard;
use crate::interrupt;
use crate::problem::{Place, Problem};
use crate::sql::{Select, SqlError};
use crate::template::{Kind, Rendered};
use crate::term;
use crate::warehouse::{Warehouse, ident, watched};

/// A partition that takes longer is named: most take less than a second.
const LONG: Duration = Duration::from_secs(60);

/// What all partitions of a run share.
pub struct Context<'a> {
    pub run_id: &'a str,
    pub guard: &'a Guard,
    /// For one partition.
    pub time_limit: Option<Duration>,
    pub engine: &'a dyn Engine,
}

/// What one partition gave.
pub struct Done {
    pub rows: i64,
    pub change: Option<Change>,
    pub warnings: Vec<String>,
    pub set_aside: Vec<SetAside>,
}

/// What partitions are made with, on one connection.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub plan: &'a Plan,
    pub context: &'a Context<'a>,
    pub known: &'a Known,
}

/// A table at a date, and the query that makes it.
#[derive(Clone, Copy)]
pub struct Partition<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub node: &'a Node,
    pub rendered: &'a Rendered,
    pub date: NaiveDate,
}

impl Partition<'_> {
    /// What DuckDB says of its query, at the analyst's line.
    pub fn explain(self, error: SqlError) -> Problem {
        analyst(self.warehouse, error, self.rendered, &self.catalog.templates)
    }

    /// The analyst's SELECT, before anything is put around it.
    pub fn own(self) -> Result<Select, Problem> {
        self.rendered.select().map_err(|error| self.explain(error))
    }

    /// Its rows, in SQL.
    pub fn rows(self) -> String {
        format!("from {} where reference_date = date '{}'", self.node.name, self.date)
    }

    /// The place of a key of its config.
    pub fn key(self, key: &str) -> Place {
        self.catalog.templates.config_key(&self.node.file, key)
    }

    /// Takes away its rows.
    pub fn empty(self) -> Result<()> {
        let sql = format!("delete from {} where reference_date = ?", self.node.name);
        self.warehouse.execute(&sql, &[&self.date])?;
        Ok(())
    }
}

impl<'a> Maker<'a> {
    pub fn partition(self, task: &'a Task) -> Partition<'a> {
        let Self { warehouse, catalog, .. } = self;
        let node = &catalog.tables[&task.table];
        Partition { warehouse, catalog, node, rendered: &task.rendered, date: task.date }
    }

    /// Replaces the partition of `task`. On any failure the earlier one stays.
    pub fn replace(self, task: &Task) -> Result<Done> {
        let Self { warehouse, catalog, context, .. } = self;
        let started = Instant::now();
        let made = telling(&task.rendered, || context.engine.materialise(self, task))?;
        let mut examples = Vec::new();
        let turn = context.engine.turn().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
        let work = || self.enter(task, made, started, &mut examples);
        let done = in_time(warehouse, catalog, &task.rendered, context.time_limit, work);
        if done.is_err() && !examples.is_empty() {
            // They went with the transaction. Why it failed is what counts, whether they can be kept or not.
            let keep = || self.partition(task).keep_failed(&examples, context.run_id);
            let _ = warehouse.transaction(keep);
        }
        drop(turn);
        done
    }

    /// Puts the rows that were made in the place of the earlier ones, with their checks and the line in the ledger.
    fn enter(self, task: &Task, made: Made, started: Instant, examples: &mut Vec<Examples>) -> Result<Done> {
        let Self { warehouse, plan, context, known, .. } = self;
        let Made { rows: given, lake, is_here } = made;
        let partition = self.partition(task);
        let own = partition.own()?;
        let is_own = matches!(given, Rows::Own);
        let since = known.changes();
        let (done, learned) = warehouse.transaction(|| {
            let select = given.select(warehouse, own)?;
            let query = query(partition.node, task.date, plan.settled_until, &select);
            let is_known = is_own && known.fits(&task.table, &query);
            let shape = if is_known { None } else { Some(self.described(task, &query)?) };
            let change = shape.as_ref().map(|shape| shape::fit(warehouse, &task.table, shape));
            let mut done = Done {
                rows: 0,
                change: change.transpose()?.flatten(),
                warnings: Vec::new(),
                set_aside: Vec::new(),
            };
            self.clear(task)?;
            let mut labels_until = None;
            if let Rows::Left(rows) = given {
                done.rows = rows;
            } else {
                let insert = query.within(&format!("insert into {} by name\n", task.table), "");
                warehouse.run(&insert).map_err(|error| partition.explain(error))?;
                done.set_aside = partition.set_aside(&query, context.run_id, plan.force)?;
                labels_until = partition.verify_label()?;
                (done.rows, done.warnings) = partition.verify_rows(&query, !is_known, examples)?;
            }
            partition.keep(examples, context.run_id)?;
            done.warnings.extend(partition.verify_row_count(task.usual_rows, done.rows, plan.force)?);
            if !is_here {
                partition.empty()?;
            }
            let entry = Entry {
                rows: done.rows,
                fingerprint: task.fingerprint.clone(),
                inputs: task.inputs.clone(),
                labels_until,
                duration_ms: started.elapsed().as_secs_f64() * 1000.0,
                lake,
                is_here,
            };
            entry.write(warehouse, &task.table, task.date, context.run_id)?;
            Ok((done, shape.map(|shape| (query, shape))))
        })?;
        if let Some((query, shape)) = learned {
            known.learn(&task.table, is_own.then_some(&query), &shape, done.change.as_ref(), since);
        }
        Ok(done)
    }

    /// Takes away the rows of a partition, and what is noted of it.
    fn clear(self, task: &Task) -> Result<()> {
        let Task { table, date, .. } = task;
        let is_noted = self.known.is_noted(table, *date);
        if is_noted || !self.known.is_new(table) {
            self.partition(task).empty()?;
        }
        if is_noted {
            ledger::forget(self.warehouse, table, *date)?;
        }
        Ok(())
    }

    /// The columns that `query` of a partition gives, as they have to be.
    pub fn described(self, task: &Task, query: &Select) -> Result<Vec<(String, String)>> {
        let partition = self.partition(task);
        self.context.guard.clear(self.warehouse, self.catalog, &task.table, task.date)?;
        let shape = self.warehouse.describe(query).or_else(|error| {
            // A label that is missing shows in what is put around the query.
            let (other, own) = (self.warehouse.another()?, partition.own()?);
            if let Ok(own) = other.describe(&own) {
                Partition { warehouse: &other, ..partition }.verify_columns(&own)?;
            }
            Err(anyhow::Error::from(partition.explain(error)))
        })?;
        partition.verify_columns(&shape)?;
        Ok(shape)
    }
}

/// Makes a partition of `rendered` by `work`, which is stopped after `limit`.
pub fn in_time<T>(
    warehouse: &Warehouse,
    catalog: &Catalog,
    rendered: &Rendered,
    limit: Option<Duration>,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let work = || telling(rendered, work);
    let Some(limit) = limit else { return work() };
    let started = Instant::now();
    let done = warehouse.within(limit, work);
    if done.is_ok() || started.elapsed() < limit || interrupt::is_raised() {
        return done;
    }
    let select = rendered.sql.len() - rendered.sql.trim_start().len();
    Err(Problem::data(format!("this takes longer than {} s", limit.as_secs()))
        .at(catalog.templates.locate(rendered, select).place)
        .maybe_on(rendered.date)
        .hint("--time-limit gives it longer; the earlier partition stays")
        .into())
}

/// Does `work`; what takes long is named, once: a join that multiplies rows may never end.
fn telling<T>(rendered: &Rendered, work: impl FnOnce() -> T) -> T {
    let date = rendered.date.map(|date| format!(" at {date}")).unwrap_or_default();
    let what = format!("{}{date} takes longer than {} s", rendered.file, LONG.as_secs());
    let tell = || {
        term::note(&format!("{what}; --time-limit SECONDS ends what never comes to an end"));
        None
    };
    watched(LONG, tell, work)
}

/// The analyst's SELECT, with the reference date in front and the label hidden where it is not settled by then.
pub fn query(node: &Node, date: NaiveDate, settled_until: NaiveDate, own: &Select) -> Select {
    let hidden = node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt).map(|label| {
        format!(
            " replace (case when q.label_known_on <= date '{settled_until}' then q.{label} end as {label})",
            label = ident(label)
        )
    });
    let head = format!("select date '{date}' as reference_date, q.*{} from (\n", hidden.unwrap_or_default());
    own.within(&head, "\n) as q")
}
