//! What a run could not make: the partitions that failed, and those that need them.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use chrono::NaiveDate;

use super::plan::Task;
use crate::problem::{Kind, Problem};
use crate::term;
use crate::warehouse::Warehouse;

/// Why something was not made.
#[derive(Debug)]
pub enum Cause {
    Failed(Problem),
    /// Other dates of the table have failed alike.
    Alike,
    /// This was not made, and it needs it.
    Needs(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(problem) => write!(f, "{}", problem.message.lines().next().unwrap_or_default()),
            Self::Alike => write!(f, "as at the dates before"),
            Self::Needs(table) => write!(f, "needs {table}"),
        }
    }
}

/// Tables and scores by date that were not made.
#[derive(Debug, Default)]
pub struct Unbuilt(BTreeMap<(String, NaiveDate), Cause>);

/// What came out, or the problem of one table or model.
///
/// # Errors
/// What nothing can be built with.
pub fn sorted_out<T>(outcome: Result<T>) -> Result<Result<T, Problem>> {
    let error = match outcome {
        Ok(value) => return Ok(Ok(value)),
        Err(error) => error.downcast::<Problem>()?,
    };
    let is_its_own = error.kind == Kind::Data || error.kind == Kind::Usage && error.place.is_some();
    if is_its_own { Ok(Err(error)) } else { Err(error.into()) }
}

impl Unbuilt {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn add(&mut self, table: &str, date: NaiveDate, cause: Cause) {
        self.0.entry((table.to_owned(), date)).or_insert(cause);
    }

    /// Whether `table` was not made at `date`.
    pub fn has(&self, table: &str, date: NaiveDate) -> bool {
        self.0.contains_key(&(table.to_owned(), date))
    }

    /// Whether anything failed with `table`, at whatever date.
    pub fn concerns(&self, table: &str) -> bool {
        self.0.keys().any(|(name, _)| name == table)
    }

    /// Whether `task` is not to be built; if so because of what it needs, that is put down.
    pub fn blocks(&mut self, task: &Task) -> bool {
        if let Some(need) = task.rendered.refs.iter().find(|need| self.has(need, task.date)) {
            self.add(&task.table, task.date, Cause::Needs(need.clone()));
        }
        self.has(&task.table, task.date)
    }

    /// Dates of `table` that failed with the same problem.
    pub fn alike(&self, table: &str, problem: &Problem) -> usize {
        let is_alike = |((name, _), cause): &(&(String, NaiveDate), &Cause)| {
            name == table && matches!(cause, Cause::Failed(other) if other.is_same(problem))
        };
        self.0.iter().filter(is_alike).count()
    }

    /// Keeps what failed for those who look later, until it is built.
    pub fn write(&self, warehouse: &Warehouse, run_id: &str) -> Result<()> {
        for ((table, date), cause) in &self.0 {
            let (Cause::Failed(_) | Cause::Alike) = cause else { continue };
            let earlier = "delete from pipeline.failures where table_name = ? and reference_date = ?";
            warehouse.execute(earlier, &[table, date])?;
            let place = match cause {
                Cause::Failed(Problem { place: Some(place), .. }) => {
                    format!("{}:{}: ", place.file, place.line)
                }
                _ => String::new(),
            };
            warehouse.execute(
                "insert into pipeline.failures values (?, ?, ?, now()::timestamp, ?)",
                &[table, date, &run_id, &format!("{place}{cause}")],
            )?;
        }
        Ok(())
    }

    /// The lines of a summary: what failed, then what was skipped because of that, each table with its dates.
    pub fn tell(&self) {
        let is_failed = |cause: &Cause| !matches!(cause, Cause::Needs(_));
        for (word, wanted) in [("failed", true), ("skipped", false)] {
            let mut lines: Vec<(&str, String, Vec<NaiveDate>)> = Vec::new();
            for ((table, date), cause) in self.0.iter().filter(|(_, cause)| is_failed(cause) == wanted) {
                let cause = cause.to_string();
                match lines.last_mut() {
                    Some((other, why, dates))
                        if other == table && (*why == cause || cause == Cause::Alike.to_string()) =>
                    {
                        dates.push(*date);
                    }
                    _ => lines.push((table, cause, vec![*date])),
                }
            }
            for (table, cause, dates) in lines {
                let dates = match &dates[..] {
                    [date] => date.to_string(),
                    dates => term::counted(dates.len(), "date"),
                };
                term::note(&format!("  {word:<8}{table:<28} {dates:>10}  {cause}"));
            }
        }
    }

    /// # Errors
    /// The first of what failed.
    pub fn check(self) -> Result<()> {
        self.into_problems().into_iter().next().map_or(Ok(()), |problem| Err(problem.into()))
    }

    /// What failed, each problem once.
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems: Vec<(String, Problem, usize)> = Vec::new();
        for ((table, _), cause) in self.0 {
            let is_told = |(other, problem, _): &&mut (String, Problem, usize)| match &cause {
                Cause::Failed(cause) => problem.is_same(cause),
                Cause::Alike => *other == table,
                Cause::Needs(_) => false,
            };
            match (problems.iter_mut().find(is_told), cause) {
                (Some((.., others)), _) => *others += 1,
                (None, Cause::Failed(problem)) => problems.push((table, problem, 0)),
                (None, _) => {}
            }
        }
        let told = |(_, mut problem, others): (String, Problem, usize)| {
            if others > 0 {
                problem.notes.push(format!("and at {}", term::counted(others, "other date")));
            }
            problem
        };
        problems.into_iter().map(told).collect()
    }
}

/// A training that succeeds makes up for those that failed.
pub fn trained(warehouse: &Warehouse, training: &str) -> Result<()> {
    warehouse.execute("delete from pipeline.failures where table_name = ?", &[&training])?;
    Ok(())
}
