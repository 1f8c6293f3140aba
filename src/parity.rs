//! The same tables by DuckDB and by Spark, in two warehouses beside, row by row.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Node};
use crate::difference::{Difference, differs};
use crate::earlier::lay_out;
use crate::guard::Guard;
use crate::ingest::Loads;
use crate::partitions::lake::Lake;
use crate::partitions::{self, Basis, Context, DuckDb, Engine, Ledger, Plan, Unbuilt, columns};
use crate::problem::Problem;
use crate::warehouse::Warehouse;

/// Columns of a table at a date that are told, the first that differ.
const TOLD: usize = 3;
/// What the warehouses beside are called.
const SIDES: [&str; 2] = ["on_duckdb", "on_spark"];

/// What is compared, and of what it is made.
pub struct Parity<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub loads: &'a Loads,
    /// Labels known on a later day are hidden.
    pub settled_until: NaiveDate,
    pub tables: &'a BTreeSet<String>,
    pub dates: &'a [NaiveDate],
    pub run_id: &'a str,
    pub cores: usize,
    pub time_limit: Option<Duration>,
}

/// One table at one date.
pub struct Row {
    pub table: String,
    pub date: NaiveDate,
    pub rows: i64,
    pub columns: usize,
    pub is_equal: bool,
}

#[derive(Default)]
pub struct Report {
    pub rows: Vec<Row>,
    pub problems: Vec<Problem>,
}

impl Parity<'_> {
    /// Builds all tables on both, and compares them.
    pub fn report(&self, lake: &Lake) -> Result<Report> {
        let mut report = Report::default();
        for (side, engine) in SIDES.iter().zip([&DuckDb as &dyn Engine, lake]) {
            report.problems.extend(self.build(side, engine)?);
        }
        for date in self.dates {
            for node in self.catalog.order.iter().filter_map(|name| self.catalog.tables.get(name)) {
                if self.tables.contains(&node.name) {
                    self.compare(node, *date, &mut report)?;
                }
            }
        }
        Ok(report)
    }

    /// Builds them in a warehouse beside; what could not be built.
    fn build(&self, side: &str, engine: &dyn Engine) -> Result<Vec<Problem>> {
        let beside = self.warehouse.beside(side)?;
        lay_out(self.warehouse, side)?;
        let basis = Basis {
            ledger: &Ledger::default(),
            loads: self.loads,
            settled_until: self.settled_until,
            force: true,
            holds: &partitions::here,
        };
        let plan = Plan::make(self.catalog, self.tables, self.dates, &basis)?;
        let context = Context {
            run_id: self.run_id,
            guard: &Guard::new(&beside, self.catalog, self.run_id)?,
            time_limit: self.time_limit,
            engine,
        };
        let mut unbuilt = Unbuilt::default();
        partitions::build(&beside, self.catalog, &plan, &context, self.cores, &mut unbuilt)?;
        Ok(unbuilt.into_problems())
    }

    fn compare(&self, node: &Node, date: NaiveDate, report: &mut Report) -> Result<()> {
        let shape = self.warehouse.columns_of(SIDES[0], &node.name)?;
        if shape.is_empty() || self.warehouse.columns_of(SIDES[1], &node.name)?.is_empty() {
            return Ok(());
        }
        let rows = |side: &str| format!("(from {side}.{} where reference_date = date '{date}')", node.name);
        let difference = Difference::new(self.warehouse, &rows(SIDES[0]), &rows(SIDES[1]), &node.spec.key);
        let compared: Vec<&(String, String)> = shape
            .iter()
            .filter(|(name, _)| name != "reference_date" && !node.spec.key.contains(name))
            .collect();
        let mut conditions =
            vec!["w.in_w".to_owned(), Difference::GONE.to_owned(), Difference::NEW.to_owned()];
        conditions.extend(compared.iter().map(|column| differs(column)));
        let counts = difference.counts(&conditions)?;
        let rows = counts[0];
        let mut found = Vec::new();
        for (at, side) in [(1, "DuckDB"), (2, "Spark")] {
            if counts[at] > 0 {
                let example = difference.example(&conditions[at], "", "")?;
                found.push(Problem::data(format!("{} rows are on {side} alone: {example}", counts[at])));
            }
        }
        let rendered = self.catalog.render(&node.name, date)?;
        let mut apart = compared.iter().zip(3..).filter(|(_, at)| counts[*at] > 0);
        for ((name, _), at) in apart.by_ref().take(TOLD) {
            let example = difference.example(&conditions[at], name, "Spark")?;
            let what = format!("`{name}` differs on Spark in {} of {rows} rows: {example}", counts[at]);
            let place = columns::column_place(self.catalog, node, &rendered, name);
            found.push(Problem::data(what).at(place));
        }
        let more = apart.count();
        if let Some(last) = found.last_mut().filter(|_| more > 0) {
            last.message = format!("{}; and {more} more columns differ", last.message);
        }
        report.rows.push(Row {
            table: node.name.clone(),
            date,
            rows,
            columns: compared.len(),
            is_equal: found.is_empty(),
        });
        let at_file = |problem: Problem| {
            problem.at_least(&node.file, self.catalog.templates.source(&node.file)).on(date)
        };
        report.problems.extend(found.into_iter().map(at_file));
        Ok(())
    }
}
