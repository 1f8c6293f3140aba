//! Labels are settled when they say so, and models take that over.

use anyhow::Result;
use chrono::NaiveDate;

use super::Proof;
use super::layout::{CUT, SETTLED, WHOLE};
use crate::catalog::{Model, Node};
use crate::difference::{Difference, differs};
use crate::problem::Problem;
use crate::template::{Kind, Rendered};
use crate::warehouse::{ident, idents};

const KNOWN_ON: &str = "label_known_on";

impl Proof<'_> {
    /// A label is settled when it says so: built from what was known before a `label_known_on`, the labels known by then
    /// are the same. Looked at on the first and the last such day, and the most frequent one.
    pub(super) fn label(&self, node: &Node, label: &str, rendered: &Rendered) -> Result<Option<Problem>> {
        let name = &node.name;
        let days = format!(
            "select distinct unnest([
                 min(known), mode(known order by known), max(known)
             ]) as day
             from (select label_known_on::date as known from {WHOLE}.{name}) order by day desc"
        );
        // The last day first: all labels are known by then.
        let days = self.warehouse.rows(&days, &[], |row| row.get::<_, Option<NaiveDate>>(0))?;
        self.refer(SETTLED, rendered, WHOLE)?;
        let mut found = None;
        for day in days.into_iter().flatten() {
            found = self.settled_on(node, label, rendered, day)?;
            if found.is_some() {
                break;
            }
        }
        self.forget(SETTLED, name)?;
        Ok(found)
    }

    fn settled_on(
        &self,
        node: &Node,
        label: &str,
        rendered: &Rendered,
        day: NaiveDate,
    ) -> Result<Option<Problem>> {
        let (name, key) = (&node.name, &node.spec.key);
        self.cut(SETTLED, day)?;
        self.macros(SETTLED)?;
        self.build(SETTLED, name, rendered, &format!("{}, {}, label_known_on", idents(key), ident(label)))?;
        let apart = format!(
            "w.in_w and c.in_c and w.{0} is distinct from c.{0}
             and (w.label_known_on <= date '{day}' or c.label_known_on <= date '{day}')",
            ident(label)
        );
        let Some((count, entity)) =
            self.difference([WHOLE, SETTLED], name, key).find(&apart, label, "without the future")?
        else {
            return Ok(None);
        };
        let what = format!(
            "`label_known_on` of `{name}` comes too early: {count} labels that are known by {day} change after it; {entity}"
        );
        self.wrong_day([WHOLE, SETTLED], rendered, what, "a label is known on the day after the last one that can change it: a model would be trained on what was not known yet")
    }

    /// The day on which a label is known may not tell how the row ends: at any day, rows of one ending would be missing
    /// from what can be trained on.
    pub(super) fn biased(&self, node: &Node, rendered: &Rendered) -> Result<Option<Problem>> {
        let apart = differs(&(KNOWN_ON.to_owned(), "DATE".to_owned()));
        let difference = self.difference([WHOLE, CUT], &node.name, &node.spec.key);
        let Some((rows, entity)) = difference.find(&apart, KNOWN_ON, "without the future")? else {
            return Ok(None);
        };
        let what =
            format!("`label_known_on` of `{}` depends on the outcome in {rows} rows: {entity}", node.name);
        self.wrong_day([WHOLE, CUT], rendered, what, "an early end must not decide which rows can be trained on: take a day that is known at the reference date")
    }

    /// A model may not say that a label was known earlier than its ABT does.
    pub(super) fn known_on(
        &self,
        model: &Model,
        label: &str,
        rendered: &Rendered,
    ) -> Result<Option<Problem>> {
        let table = format!("{WHOLE}.{}", model.table());
        let is_its = |node: &&Node| {
            node.kind == Kind::Abt
                && node.spec.label.as_deref() == Some(label)
                && node.spec.key == model.spec.key
        };
        for node in rendered.refs.iter().filter_map(|name| self.catalog.tables.get(name)).filter(is_its) {
            let abt = format!("{WHOLE}.{}", node.name);
            let early = Difference::new(self.warehouse, &table, &abt, &model.spec.key).find(
                "w.label_known_on::date < c.label_known_on::date",
                "",
                "",
            )?;
            if let Some((early, _)) = early {
                let what = format!(
                    "`label_known_on` is earlier than in `{}` in {early} rows: it would be trained on what was not known yet",
                    node.name
                );
                return self.wrong_day([WHOLE, CUT], rendered, what, "take label_known_on as the ABT has it");
            }
        }
        Ok(None)
    }

    /// At what makes `label_known_on`.
    fn wrong_day(
        &self,
        databases: [&str; 2],
        rendered: &Rendered,
        what: String,
        hint: &str,
    ) -> Result<Option<Problem>> {
        let place = self.place(databases, rendered, KNOWN_ON)?;
        Ok(Some(Problem::data(what).at(place).on(self.date).hint(hint)))
    }
}
