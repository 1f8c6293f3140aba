//! One table at one reference date: rows, checks and the line in the ledger, in one transaction.

use std::sync::PoisonError;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::NaiveDate;

use super::engine::{Engine, Made};
use super::known::Known;
use super::ledger::{self, Line};
use super::plan::Task;
use super::quarantine::{self, Examples, SetAside};
use super::shape::{self, Change};
use super::{columns, label, verify};
use crate::catalog::{Catalog, Node};
use crate::diagnose::analyst;
use crate::guard::Guard;
use crate::interrupt;
use crate::problem::Problem;
use crate::sql::Select;
use crate::template::{Kind, Rendered};
use crate::term;
use crate::warehouse::{Warehouse, ident};

/// A partition that takes longer is named: most take less than a second.
const LONG: Duration = Duration::from_secs(60);

/// What all partitions of a run share.
pub struct Context<'a> {
    pub run_id: &'a str,
    /// Labels known on a later day are hidden.
    pub settled_until: NaiveDate,
    /// What has too few rows is told, and replaced all the same.
    pub force: bool,
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

/// What a partition is made with.
#[derive(Clone, Copy)]
pub struct Maker<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub context: &'a Context<'a>,
    pub known: &'a Known,
}

/// Replaces the partition of `task`. On any failure the earlier one stays.
pub fn replace(maker: Maker<'_>, task: &Task) -> Result<Done> {
    let Maker { warehouse, catalog, context, .. } = maker;
    let started = Instant::now();
    let made = telling(&task.rendered, || context.engine.materialise(warehouse, catalog, task, context))?;
    let mut examples = Vec::new();
    let turn = context.engine.turn().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
    let work = || maker.enter(task, &made, started, &mut examples);
    let done = in_time(warehouse, catalog, &task.rendered, context.time_limit, work);
    if done.is_err() && !examples.is_empty() {
        // They went with the transaction. Why it failed is what counts, whether they can be kept or not.
        let keep = || quarantine::replace(warehouse, &task.table, task.date, &examples, context.run_id);
        let _ = warehouse.transaction(keep);
    }
    drop(turn);
    done
}

impl Maker<'_> {
    /// Puts the rows that were made in the place of the earlier ones, with their checks and the line in the ledger.
    fn enter(self, task: &Task, made: &Made, started: Instant, examples: &mut Vec<Examples>) -> Result<Done> {
        let Self { warehouse, catalog, context, known } = self;
        let node = &catalog.tables[&task.table];
        let explain = |error| analyst(warehouse, error, &task.rendered, &catalog.templates);
        let own = task.rendered.select().map_err(explain)?;
        let since = known.changes();
        let (done, learned) = warehouse.transaction(|| {
            let query = query(node, task.date, context.settled_until, &made.fetch(warehouse, own)?);
            let is_known = made.is_own() && known.fits(&task.table, &query);
            let shape =
                if is_known { None } else { Some(described(warehouse, catalog, task, context, &query)?) };
            let change =
                shape.as_ref().map(|shape| shape::fit(warehouse, &node.name, shape)).transpose()?.flatten();
            self.clear(task)?;
            let (mut warnings, mut set_aside, mut labels_until) = (Vec::new(), Vec::new(), None);
            let rows = if let Some(rows) = made.left() {
                rows
            } else {
                self.insert(task, &query)?;
                set_aside = verify::set_aside(warehouse, catalog, node, task.date, &query, context)?;
                labels_until = label::verify(warehouse, catalog, node, &task.rendered, task.date)?;
                let (rows, warned) =
                    verify::rows(warehouse, catalog, node, task.date, &query, !is_known, examples)?;
                warnings = warned;
                rows
            };
            quarantine::keep(warehouse, &node.name, task.date, examples, context.run_id)?;
            warnings.extend(verify::row_count(warehouse, catalog, node, task, rows, context.force)?);
            if !made.is_here {
                empty(warehouse, &task.table, task.date)?;
            }
            Line {
                table: &task.table,
                date: task.date,
                rows,
                fingerprint: &task.fingerprint,
                duration_ms: started.elapsed().as_secs_f64() * 1000.0,
                run_id: context.run_id,
                inputs: &task.inputs,
                labels_until,
                lake: made.lake.as_deref(),
                is_here: made.is_here,
            }
            .write(warehouse)?;
            Ok((Done { rows, change, warnings, set_aside }, shape.map(|shape| (query, shape))))
        })?;
        if let Some((query, shape)) = learned {
            known.learn(&task.table, made.is_own().then_some(&query), &shape, done.change.as_ref(), since);
        }
        Ok(done)
    }

    /// Takes away the rows of a partition, and what is noted of it.
    fn clear(self, task: &Task) -> Result<()> {
        let Task { table, date, .. } = task;
        let is_noted = self.known.is_noted(table, *date);
        if is_noted || !self.known.is_new(table) {
            empty(self.warehouse, table, *date)?;
        }
        if is_noted {
            ledger::forget(self.warehouse, table, *date)?;
        }
        Ok(())
    }

    fn insert(self, task: &Task, query: &Select) -> Result<()> {
        let head = format!("insert into {} by name\n", task.table);
        self.warehouse.batch(&format!("{head}{query}")).map_err(|error| {
            let error = error.shifted(head.len() + query.start());
            analyst(self.warehouse, error, &task.rendered, &self.catalog.templates).into()
        })
    }
}

/// Takes away the rows of a partition.
pub fn empty(warehouse: &Warehouse, table: &str, date: NaiveDate) -> Result<()> {
    warehouse.execute(&format!("delete from {table} where reference_date = ?"), &[&date])?;
    Ok(())
}

/// The columns that `query` of a partition gives, as they have to be.
pub fn described(
    warehouse: &Warehouse,
    catalog: &Catalog,
    task: &Task,
    context: &Context<'_>,
    query: &Select,
) -> Result<Vec<(String, String)>> {
    let node = &catalog.tables[&task.table];
    let explain = |error| analyst(warehouse, error, &task.rendered, &catalog.templates);
    context.guard.clear(warehouse, catalog, &task.table, task.date)?;
    let shape = match warehouse.describe(query) {
        Ok(shape) => shape,
        Err(error) => {
            // A label that is missing shows in what is put around the query.
            let (other, own) = (warehouse.another()?, task.rendered.select().map_err(explain)?);
            if let Ok(own) = other.describe(&own) {
                columns::verify(&other, catalog, node, &task.rendered, task.date, &own)?;
            }
            return Err(explain(error).into());
        }
    };
    columns::verify(warehouse, catalog, node, &task.rendered, task.date, &shape)?;
    Ok(shape)
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
    let (ended, end) = channel::<()>();
    let date = rendered.date.map(|date| format!(" at {date}")).unwrap_or_default();
    let what = format!("{}{date} takes longer than {} s", rendered.file, LONG.as_secs());
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if end.recv_timeout(LONG) == Err(RecvTimeoutError::Timeout) {
                term::note(&format!("{what}; --time-limit SECONDS ends what never comes to an end"));
            }
        });
        let value = work();
        drop(ended);
        value
    })
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
