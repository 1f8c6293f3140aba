//! Labels are settled when they say so, and models take that over.

use anyhow::Result;
use chrono::NaiveDate;

use super::{Proof, SETTLED, WHOLE, build};
use crate::catalog::{Model, Node};
use crate::diagnose::column_place;
use crate::problem::Problem;
use crate::proof::side_by_side::joined;
use crate::template::{Kind, Rendered};
use crate::warehouse::ident;

impl Proof<'_> {
    /// A label is settled when it says so: built from what was known before a `label_known_on`, the labels known by then
    /// are the same. Looked at on the first and the last such day, and the most frequent one.
    pub(super) fn label(&self, node: &Node, label: &str, rendered: &Rendered) -> Result<Option<Problem>> {
        let name = &node.name;
        let days = format!(
            "select distinct unnest([
                 min(known), mode(known order by known), max(known)
             ]) as day
             from (select label_known_on::date as known from {WHOLE}.{name}) order by day"
        );
        let days = self.warehouse.rows(&days, &[], |row| row.get::<_, Option<NaiveDate>>(0))?;
        for other in &rendered.refs {
            self.warehouse
                .batch(&format!("create or replace view {SETTLED}.{other} as from {WHOLE}.{other}"))?;
        }
        let mut found = None;
        // The last day first: all labels are known by then.
        for day in days.into_iter().flatten().rev() {
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
        let name = &node.name;
        self.cut(SETTLED, day)?;
        self.macros(SETTLED)?;
        let key = node.spec.key.iter().map(|key| ident(key));
        let columns: Vec<String> = key.chain([ident(label), "label_known_on".to_owned()]).collect();
        build(self.warehouse, self.catalog, self.date, SETTLED, name, rendered, Some(&columns))?;
        let joined = joined(WHOLE, SETTLED, name, &node.spec.key);
        let apart = format!(
            "w.in_whole and c.in_cut and w.{0} is distinct from c.{0}
             and (w.label_known_on <= date '{day}' or c.label_known_on <= date '{day}')",
            ident(label)
        );
        let count = format!("select count(*) {joined} where {apart}");
        let count = self.warehouse.row(&count, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if count == 0 {
            return Ok(None);
        }
        let entity = self.example(&joined, &node.spec.key, &apart, &[&ident(label)])?;
        let what = format!(
            "`label_known_on` of `{name}` comes too early: {count} labels that are known by {day} change after it; {entity}"
        );
        let place = column_place(self.catalog, rendered, "label_known_on");
        Ok(Some(Problem::data(what).at(place).on(self.date).hint(
            "a label is known on the day after the last one that can change it: a model would be trained on what was not known yet",
        )))
    }

    /// A model may not say that a label was known earlier than its ABT does.
    pub(super) fn known_on(
        &self,
        model: &Model,
        label: &str,
        rendered: &Rendered,
    ) -> Result<Option<Problem>> {
        let table = model.table();
        let is_its = |node: &&Node| {
            node.kind == Kind::Abt
                && node.spec.label.as_deref() == Some(label)
                && node.spec.key == model.spec.key
        };
        let nodes = rendered.refs.iter().filter_map(|name| self.catalog.tables.get(name)).filter(is_its);
        for node in nodes {
            let on = node.spec.key.iter().map(|key| format!("m.{0} is not distinct from a.{0}", ident(key)));
            let joined = format!(
                "from {WHOLE}.{table} as m inner join {WHOLE}.{} as a on {}",
                node.name,
                on.collect::<Vec<_>>().join(" and ")
            );
            let early =
                format!("select count(*) {joined} where m.label_known_on::date < a.label_known_on::date");
            let early = self.warehouse.row(&early, &[], |row| row.get::<_, i64>(0))?.unwrap_or(0);
            if early > 0 {
                let what = format!(
                    "`label_known_on` is earlier than in `{}` in {early} rows: it would be trained on what was not known yet",
                    node.name
                );
                let place = column_place(self.catalog, rendered, "label_known_on");
                let hint = "take label_known_on as the ABT has it";
                return Ok(Some(Problem::data(what).at(place).on(self.date).hint(hint)));
            }
        }
        Ok(None)
    }
}
