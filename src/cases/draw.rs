//! A case from real rows: the few of a warehouse that one row of a table needs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use chrono::NaiveDate;

use super::bench::{Bench, is_key};
use super::file;
use super::outcome::{Outcome, is_same};
use super::reach::Reach;
use super::shrink;
use super::write::{Cells, NULL};
use crate::catalog::{Catalog, Node};
use crate::config::SourceSpec;
use crate::ingest;
use crate::partitions::sorted_out;
use crate::problem::Problem;
use crate::project::Project;
use crate::warehouse::{Warehouse, joined};

/// More rows than these are no case that anybody reads.
const MOST: usize = 150;
/// Columns that are named where they differ.
const NAMED: usize = 5;
/// After which time no more is looked for, left out of rows that make the same, of rows that are enough, and of columns.
const TIMES: [Duration; 4] =
    [Duration::from_secs(4), Duration::from_secs(10), Duration::from_secs(17), Duration::from_secs(20)];

/// Which row.
pub struct Wanted<'a> {
    pub node: &'a Node,
    pub key: &'a [String],
    pub date: NaiveDate,
    pub data_until: NaiveDate,
}

/// A case, as text.
pub struct Drawn {
    pub text: String,
    pub rows: usize,
    /// Whether the row is that of the whole warehouse.
    pub is_whole: bool,
}

impl Wanted<'_> {
    pub fn title(&self) -> String {
        let key = self.node.spec.key.iter().zip(self.key);
        let key = joined(key.map(|(name, value)| format!("{name} {value}")), ", ");
        format!("{key} on {}", self.date)
    }

    /// Labels of the warehouse are hidden where they are not settled in it.
    fn until(&self) -> Option<NaiveDate> {
        self.node.spec.label.is_some().then_some(self.data_until)
    }

    /// The case, as it is read again.
    fn text(&self, given: &[Cells], expect: &Cells, comment: &[String], condition: Option<&str>) -> String {
        let until = self.until().map(|until| format!("until {until}\n")).unwrap_or_default();
        let given = given.iter().map(|cells| format!("given {}\n{}", cells.table, cells.lines()));
        let comment = comment.iter().map(|line| format!("# {line}\n"));
        let condition = condition.map(|condition| format!("where {condition}\n")).unwrap_or_default();
        format!(
            "case {}\ndate {}\n{until}{}{}expect {}\n{condition}{}",
            self.title(),
            self.date,
            given.collect::<String>(),
            comment.collect::<String>(),
            expect.table,
            expect.lines()
        )
    }
}

/// Tries rows: what comes out for the one that is wanted.
struct Trials<'a> {
    wanted: &'a Wanted<'a>,
    bench: Bench<'a>,
    expect: Cells,
    condition: String,
}

impl Trials<'_> {
    fn row(&mut self, given: &[Cells]) -> Result<Option<Vec<String>>> {
        let text = self.wanted.text(given, &self.expect, &[], Some(&self.condition));
        let case = file::read("", &text)?.remove(0);
        // What fails is a check, say, that does not hold of so few rows.
        let rows = sorted_out(self.bench.rows(&case))?;
        Ok(rows.ok().and_then(|rows| rows.into_iter().next()))
    }

    fn gives(&mut self, given: &[Cells], row: &[String]) -> Result<bool> {
        Ok(self.row(given)?.is_some_and(|other| is_alike(&other, row)))
    }
}

/// # Errors
/// There is no such row, or its own rows do not make it.
pub fn draw(
    warehouse: &Warehouse,
    project: &Project,
    catalog: &Catalog,
    wanted: &Wanted<'_>,
) -> Result<Drawn> {
    let started = Instant::now();
    let times = TIMES.map(|time| started + time);
    let Wanted { node, key, date, .. } = wanted;
    let mut whole = Bench::over(warehouse, catalog)?;
    let target = whole.row(node, *date, wanted.until(), key)?.ok_or_else(|| no_row(wanted, &whole))?;
    let expect = Cells { table: node.name.clone(), columns: whole.columns(node)?, rows: Vec::new() };
    drop(whole);
    let bench = Bench::new(project, catalog)?;
    let mut trials = Trials { wanted, bench, expect, condition: is_key(node, key) };
    let specs = ingest::specs(project, &catalog.templates)?;
    let mut given = connected(warehouse, &specs, &mut trials, &target, times[0])?;
    let mut row = trials.row(&given)?.ok_or_else(|| not_made(wanted))?;
    let mut is_whole = is_alike(&row, &target);
    let mut is_done = !is_whole || shrink::rows(&mut given, times[1], |fewer| trials.gives(fewer, &target))?;
    if !is_whole || count(&given) > MOST {
        let enough = kinds(&row);
        let is_enough = |row: Option<Vec<String>>| row.is_some_and(|row| kinds(&row) == enough);
        is_done = shrink::rows(&mut given, times[2], |fewer| Ok(is_enough(trials.row(fewer)?)))?;
        row = trials.row(&given)?.ok_or_else(|| not_made(wanted))?;
        is_whole = is_alike(&row, &target);
    }
    let keys = |table: &str| specs.get(table).map(|spec| spec.key.clone()).unwrap_or_default();
    shrink::columns(&mut given, keys, times[3], |fewer| trials.gives(fewer, &row))?;
    let comment = comment(&trials.expect.columns, &row, &target, is_done);
    finished(trials, &given, &comment, is_whole)
}

/// Rows that are connected with the wanted one, as far as its row needs them; else the first that are enough for every
/// column; else as far as one looks.
fn connected(
    warehouse: &Warehouse,
    specs: &BTreeMap<String, SourceSpec>,
    trials: &mut Trials<'_>,
    target: &[String],
    until: Instant,
) -> Result<Vec<Cells>> {
    let Wanted { node, date, .. } = trials.wanted;
    let needed = trials.bench.needed(&node.name, *date)?;
    let mut reach = Reach::new(warehouse, specs, &needed, trials.wanted)?;
    let (mut enough, mut is_there) = (None, false);
    while reach.step()? && (Instant::now() < until || !is_there) {
        let given = reach.given();
        let row = trials.row(&given)?.unwrap_or_default();
        is_there = !row.is_empty();
        if is_alike(&row, target) {
            return Ok(given);
        }
        if enough.is_none() && kinds(&row) == kinds(target) {
            enough = Some(given);
        }
    }
    if reach.count() == 0 {
        let key = node.spec.key.join(", ");
        let what = format!("no source has a column of the key ({key}): its rows cannot be found");
        return Err(Problem::usage(what).hint("write the case by hand: tests/sql has examples").into());
    }
    Ok(enough.unwrap_or_else(|| reach.given()))
}

/// The case with the row that comes out, as it is read again.
fn finished(mut trials: Trials<'_>, given: &[Cells], comment: &[String], is_whole: bool) -> Result<Drawn> {
    let wanted = trials.wanted;
    let row = trials.row(given)?.ok_or_else(|| not_made(wanted))?;
    let has_others = trials.bench.count(wanted.node, wanted.date)? > 1;
    let condition = has_others.then_some(trials.condition.as_str());
    trials.expect.rows = vec![row];
    let text = wanted.text(given, &trials.expect, comment, condition);
    let case = file::read("", &text)?.remove(0);
    let outcome = Outcome::of(&mut trials.bench, &case, &wanted.node.spec.key)?;
    if !outcome.is_ok() {
        return Err(anyhow!("the case that was drawn gives another row each time:\n{text}"));
    }
    Ok(Drawn { text, rows: count(given), is_whole })
}

/// What the reader has to know of the rows.
fn comment(columns: &[String], row: &[String], target: &[String], is_done: bool) -> Vec<String> {
    let cells = columns.iter().zip(row.iter().zip(target));
    let apart: Vec<String> = cells
        .filter(|(_, (own, other))| !is_same(own, other))
        .map(|(column, (_, other))| format!("{column} ({other})"))
        .collect();
    if apart.is_empty() {
        let more = if is_done { "" } else { ", nor do some of these: there was no time to try all" };
        return vec![format!("Rows of the warehouse. The others change nothing here{more}.")];
    }
    let more = match apart.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named: Vec<&str> = apart.iter().take(NAMED).map(String::as_str).collect();
    vec![
        "A few rows of the warehouse. All of its rows give other values:".to_owned(),
        format!("{}{more}.", named.join(", ")),
    ]
}

fn count(given: &[Cells]) -> usize {
    given.iter().map(|cells| cells.rows.len()).sum()
}

fn is_alike(row: &[String], other: &[String]) -> bool {
    row.len() == other.len() && row.iter().zip(other).all(|(cell, other)| is_same(cell, other))
}

/// Which cells are NULL, which are 0, and which have another value.
fn kinds(row: &[String]) -> Vec<u8> {
    let kind = |cell: &String| match cell.parse::<f64>() {
        _ if cell == NULL => 0,
        Ok(0.0) => 1,
        _ => 2,
    };
    row.iter().map(kind).collect()
}

fn no_row(wanted: &Wanted<'_>, whole: &Bench<'_>) -> Problem {
    let Wanted { node, date, .. } = wanted;
    let what = format!("`{}` has no row of {}", node.name, wanted.title());
    let hint = match whole.keys(node, *date) {
        Ok(keys) if !keys.is_empty() => format!("it has, for example, {}", keys.join("; ")),
        _ => "it has no rows at this date".to_owned(),
    };
    Problem::data(what).hint(hint)
}

fn not_made(wanted: &Wanted<'_>) -> Problem {
    Problem::data(format!("the rows connected with it do not make the row of {}", wanted.title()))
        .hint("it stands on rows of others; write the case by hand: tests/sql has examples")
}
