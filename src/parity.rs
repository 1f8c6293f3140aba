//! The same tables by DuckDB and by Spark, in two warehouses beside, row by row.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Node};
use crate::difference::{Column, Difference};
use crate::earlier::{Means, lay_out};
use crate::guard::Guard;
use crate::partitions::lake::Lake;
use crate::partitions::{self, DuckDb, Engine, Ledger, Plan, Unbuilt, columns};
use crate::problem::Problem;
use crate::proof::{Report, Row};

/// Columns of a table at a date that are told, the first that differ.
const TOLD: usize = 3;
/// What the warehouses beside are called.
const SIDES: [&str; 2] = ["on_duckdb", "on_spark"];

/// What is compared, and by what means it is made.
pub struct Parity<'a> {
    pub means: Means<'a>,
    pub catalog: &'a Catalog,
    pub tables: &'a BTreeSet<String>,
    pub dates: &'a [NaiveDate],
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
        let (means, catalog) = (self.means, self.catalog);
        let beside = means.warehouse.beside(side)?;
        lay_out(means.warehouse, side)?;
        let plan = Plan::make(catalog, self.tables, self.dates, &means.basis(&Ledger::default(), true))?;
        let guard = Guard::new(&beside, catalog, means.run_id)?;
        let context = means.context(&guard, engine);
        let mut unbuilt = Unbuilt::default();
        partitions::build(&beside, catalog, &plan, &context, means.cores, &mut unbuilt)?;
        Ok(unbuilt.into_problems())
    }

    fn compare(&self, node: &Node, date: NaiveDate, report: &mut Report) -> Result<()> {
        let (warehouse, key) = (self.means.warehouse, &node.spec.key);
        let shape = warehouse.columns_of(SIDES[0], &node.name)?;
        if shape.is_empty() || warehouse.columns_of(SIDES[1], &node.name)?.is_empty() {
            return Ok(());
        }
        let [w, c] =
            SIDES.map(|side| format!("(from {side}.{} where reference_date = date '{date}')", node.name));
        let difference = Difference::new(warehouse, &w, &c, key);
        let is_compared = |(name, _): &&Column| name != "reference_date" && !key.contains(name);
        let columns: Vec<&Column> = shape.iter().filter(is_compared).collect();
        let compared = difference.compare(columns.iter().copied())?;
        let rows = compared.w;
        let mut found = Vec::new();
        for (mismatch, side) in [(compared.gone, "DuckDB"), (compared.new, "Spark")] {
            let Some(mismatch) = mismatch else { continue };
            let example = difference.example(&mismatch, "")?;
            found.push(Problem::data(format!("{} rows are on {side} alone: {example}", mismatch.rows)));
        }
        let rendered = self.catalog.render(&node.name, date)?;
        for mismatch in compared.columns.iter().take(TOLD) {
            let (name, count) = (&mismatch.column, mismatch.rows);
            let example = difference.example(mismatch, "Spark")?;
            let what = format!("`{name}` differs on Spark in {count} of {rows} rows: {example}");
            let place = columns::column_place(self.catalog, node, &rendered, name);
            found.push(Problem::data(what).at(place));
        }
        let more = compared.columns.len().saturating_sub(TOLD);
        if let Some(last) = found.last_mut().filter(|_| more > 0) {
            last.message = format!("{}; and {more} more columns differ", last.message);
        }
        report.rows.push(Row {
            table: node.name.clone(),
            date,
            rows,
            columns: columns.len(),
            result: if found.is_empty() { "equal" } else { "differs" }.to_owned(),
            sources: BTreeSet::new(),
        });
        let at_file = |problem: Problem| {
            problem.at_least(&node.file, self.catalog.templates.source(&node.file)).on(date)
        };
        report.problems.extend(found.into_iter().map(at_file));
        Ok(())
    }
}
