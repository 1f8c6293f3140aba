//! Every table is built twice, in memory: from the whole warehouse, and from one in which all that became known at or
//! after the reference date is deleted. What differs has seen the future.

mod compare;
mod label;
mod layout;
mod tables;

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model, Node};
use crate::learn::Recipe;
use crate::partitions::texts::Texts;
use crate::partitions::{Partition, columns};
use crate::problem::{Place, Problem};
use crate::sql::{Expression, Select};
use crate::template::{Kind, Rendered};
use crate::warehouse::{Warehouse, ident};
use compare::Compared;
use layout::{CUT, WHOLE};

pub use tables::{Report, Row, Tables};

/// What the columns of rules are called: no column of a SELECT has such a name.
const RULE: &str = "rule ";

/// The proof at one reference date.
pub struct Proof<'a> {
    warehouse: &'a Warehouse,
    catalog: &'a Catalog,
    /// What the as-of relation of each source selects, of `reference_date`.
    definitions: &'a BTreeMap<String, String>,
    date: NaiveDate,
    sources: Vec<String>,
}

/// What was compared of one table.
#[derive(Default)]
pub struct Proven {
    pub rows: i64,
    pub columns: usize,
    pub problems: Vec<Problem>,
    /// What only warns.
    pub warnings: Vec<String>,
}

impl Proof<'_> {
    /// Builds a feature store or an ABT both ways, and compares. What it needs was proven before.
    pub fn table(&self, node: &Node, with_checks: bool) -> Result<Proven> {
        let rendered = self.catalog.render(&node.name, self.date)?;
        self.build_both(&node.name, &rendered)?;
        let shape = self.warehouse.columns_of(WHOLE, &node.name)?;
        let (mut problems, warnings) = self.checked(node, &rendered, &shape, with_checks)?;
        let label = node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt);
        let mut skipped = vec!["reference_date"];
        if node.kind == Kind::Abt {
            skipped.extend(label.into_iter().chain(["label_known_on"]));
        }
        let table = Compared {
            name: &node.name,
            key: &node.spec.key,
            skipped: &skipped,
            rendered: &rendered,
            rule_place: &|_| None,
        };
        let (rows, columns, found) = self.compare(&table, &shape)?;
        if !found.is_empty() {
            // What stands on this table is judged by its own query, not by what it inherits.
            self.warehouse
                .batch(&format!("create or replace table {CUT}.{0} as from {WHOLE}.{0}", node.name))?;
        }
        problems.extend(found);
        if let Some(label) = label {
            if problems.is_empty() {
                problems.extend(self.label(node, label, &rendered)?);
            }
            if problems.is_empty() {
                problems.extend(self.biased(node, &rendered)?);
            }
            // At the date itself no label is known: so the models see it.
            self.warehouse.batch(&format!("update {CUT}.{} set {} = null", node.name, ident(label)))?;
        }
        Ok(Proven { rows, columns, problems, warnings })
    }

    /// What is wrong with a table by itself, and what only warns: its columns, and its checks.
    fn checked(
        &self,
        node: &Node,
        rendered: &Rendered,
        shape: &[(String, String)],
        with_checks: bool,
    ) -> Result<(Vec<Problem>, Vec<String>)> {
        let (warehouse, catalog, date) = (self.warehouse, self.catalog, self.date);
        let (mut problems, mut warnings) = (Vec::new(), Vec::new());
        if with_checks {
            let texts = Texts::new(warehouse, catalog, WHOLE, date)?.of(&node.name)?;
            warnings = columns::undocumented(catalog, node, &texts, date)?;
        }
        warehouse.batch(&format!("use {WHOLE}"))?;
        let partition = Partition { warehouse, catalog, node, rendered, date };
        let checked = partition.verify_columns(&shape[1..]).and_then(|()| {
            let built = Select::of(&format!("from {WHOLE}.{}", node.name))?;
            for place in [WHOLE, CUT] {
                partition.drop_rows(&built, place)?;
            }
            if with_checks {
                match partition.verify_rows(&built, true, &mut Vec::new()) {
                    Ok((_, more)) => warnings.extend(more),
                    Err(error) => problems.push(error.downcast::<Problem>()?),
                }
            }
            Ok(())
        });
        warehouse.batch("use warehouse")?;
        checked.map(|()| (problems, warnings))
    }

    /// The inputs of a model, with the labels known and with none: they have to be the same.
    pub fn model(&self, model: &Model) -> Result<Proven> {
        let table = model.table();
        let rendered = self.catalog.render(&table, self.date)?;
        // Rules are inputs of their own; the SELECT stays at its place, so that offsets in it keep their meaning.
        let rule = |recipe: &Recipe| Some((format!("{RULE}{}", recipe.name), recipe.rule()?.clone()));
        let rules: BTreeMap<String, Expression> = model.spec.recipes().iter().filter_map(rule).collect();
        self.build_both(&table, &rendered)?;
        let more = rules.iter().map(|(name, rule)| format!(", ({rule}) as {}", ident(name)));
        let more = more.collect::<Vec<_>>().concat();
        for database in [WHOLE, CUT] {
            self.warehouse.batch(&format!(
                "create or replace table {database}.{table} as select q.*{more} from {database}.{table} as q"
            ))?;
        }
        let shape = self.warehouse.columns_of(WHOLE, &table)?;
        let label = model.spec.label();
        let skipped: Vec<&str> = label.into_iter().chain(["reference_date", "label_known_on"]).collect();
        let rule_place = |column: &str| -> Option<Place> {
            let path = format!("candidates.{}.expression", column.strip_prefix(RULE)?);
            rules.contains_key(column).then(|| self.catalog.templates.in_config(&model.file, &path, 0))
        };
        let compared = Compared {
            name: &table,
            key: &model.spec.key,
            skipped: &skipped,
            rendered: &rendered,
            rule_place: &rule_place,
        };
        let (rows, columns, mut problems) = self.compare(&compared, &shape)?;
        if let Some(label) = label {
            problems.extend(self.known_on(model, label, &rendered)?);
        }
        Ok(Proven { rows, columns, problems, warnings: Vec::new() })
    }
}
