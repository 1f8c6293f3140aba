//! Tables of a case, made in memory: their rows by a few statements, and where anything is amiss, by the build of a run.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{Days, NaiveDate};

use super::bench::{Bench, RUN};
use crate::catalog::Node;
use crate::partitions::{self, Basis, Context, DuckDb, Ledger, Partition, Plan, Unbuilt};
use crate::warehouse::{ident, idents, joined};

impl Bench<'_> {
    /// Builds a table and what it needs.
    pub fn build(&mut self, table: &str, date: NaiveDate, until: Option<NaiveDate>) -> Result<()> {
        let settled_until = until.and_then(|until| until.checked_add_days(Days::new(1))).unwrap_or(always());
        let mut tables = self.catalog.upstream(table);
        tables.insert(table.to_owned());
        for name in self.catalog.order.iter().filter(|name| tables.contains(*name)) {
            let node = &self.catalog.tables[name];
            self.guard.clear(&self.warehouse, self.catalog, name, date)?;
            // What is wrong, or set aside, is told and done by the build of a run.
            if !self.fill_table(node, date, settled_until).unwrap_or(false) {
                return self.run(&tables, date, settled_until);
            }
        }
        Ok(())
    }

    /// Makes the rows of a table alone. Whether nothing has to be looked at: no check, key or label is amiss.
    fn fill_table(&mut self, node: &Node, date: NaiveDate, settled_until: NaiveDate) -> Result<bool> {
        let name = &node.name;
        let rendered = self.catalog.render(name, date)?;
        let query = partitions::query(node, date, settled_until, &rendered.select()?);
        if !self.made.contains(name) {
            self.warehouse.batch(&format!("create or replace table {name} as {query} with no data"))?;
            let shape = self.warehouse.columns(name)?;
            let (warehouse, catalog, rendered) = (&self.warehouse, self.catalog, &rendered);
            Partition { warehouse, catalog, node, rendered, date }.verify_columns(&shape)?;
            self.made.insert(name.clone());
        }
        self.warehouse.again(&format!("delete from {name}"), |_| Ok(()))?;
        self.warehouse.again(&format!("insert into {name} by name {query}"), |_| Ok(()))?;
        let key = idents(&node.spec.key);
        let nulls = node.spec.key.iter().map(|name| format!("{} is null", ident(name)));
        let checks = node.spec.checks.iter().map(|check| format!("not ({})", check.expression));
        let label = node.spec.label.iter().map(|label| format!("{}::double not in (0, 1)", ident(label)));
        let amiss = joined(nulls.chain(checks).chain(label), " or ");
        let sql = format!(
            "select count(*) filter (where {amiss}) = 0 and count(*) = count(distinct ({key})) from {name}"
        );
        Ok(self.warehouse.again(&sql, |row| row.get(0))?.first() == Some(&true))
    }

    /// Builds tables as `olist run` does.
    fn run(&self, tables: &BTreeSet<String>, date: NaiveDate, settled_until: NaiveDate) -> Result<()> {
        let (ledger, loads) = (&Ledger::default(), &self.loads);
        let basis = Basis { ledger, loads, settled_until, force: true, holds: &partitions::here };
        let plan = Plan::make(self.catalog, tables, &[date], &basis)?;
        let context = Context { run_id: RUN, guard: &self.guard, time_limit: None, engine: &DuckDb };
        let mut unbuilt = Unbuilt::default();
        partitions::build(&self.warehouse, self.catalog, &plan, &context, 1, &mut unbuilt)?;
        unbuilt.check()
    }
}

/// Where a case does not say otherwise, every day is complete.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(NaiveDate::MAX)
}
