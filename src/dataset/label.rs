//! The label is 0 or 1, and no input is made of it.

use anyhow::Result;
use chrono::NaiveDate;

use super::{Snapshot, Workspace};
use crate::catalog::Node;
use crate::partitions::columns::column_place;
use crate::problem::{Place, Problem};
use crate::sql::{Select, SqlError};
use crate::template::Rendered;
use crate::warehouse::ident;

/// What `ref` puts before a schema where inputs are made again: in memory, beside the warehouse.
const AGAIN: &str = "memory.again_";

impl Workspace<'_> {
    /// The ABTs of the model that have a label, and it.
    fn labelled(&self) -> impl Iterator<Item = (&Node, &str)> {
        let tables = self.model.refs.iter().filter_map(|table| self.catalog.tables.get(table));
        tables.filter_map(|node| Some((node, node.spec.label.as_deref()?)))
    }

    /// Where the label is written: in its ABT, or else in the model's own file.
    pub fn label_place(&self) -> Result<Place> {
        let label = self.model.spec.label().unwrap_or_default();
        let from = self.model.spec.from;
        match self.labelled().find(|(_, own)| *own == label) {
            Some((abt, _)) => {
                let rendered = self.catalog.render(&abt.name, from)?;
                Ok(column_place(self.catalog, abt, &rendered, label))
            }
            None => Ok(self.mention(label)),
        }
    }

    /// Where a column gets its name in the model's file.
    fn mention(&self, column: &str) -> Place {
        self.catalog.templates.last_mention(&self.model.file, column)
    }
}

/// The label as it was read.
pub fn class(at: Workspace<'_>, value: f64, date: NaiveDate) -> Result<bool> {
    if [0.0, 1.0].contains(&value) {
        return Ok(value > 0.5);
    }
    let label = at.model.spec.label().unwrap_or_default();
    Err(Problem::data(format!("the label `{label}` is {value}, neither 0 nor 1"))
        .at(at.mention(label))
        .on(date)
        .hint("1 where it happened, 0 where it did not, NULL where that is not known yet")
        .into())
}

/// # Errors
/// An input that is made of the label: it changes where the label is turned round, or where the `outcome` of an ABT
/// shows no more than its `source`. Looked at on the last date with a known label.
pub fn check(at: Workspace<'_>, snapshots: &[Snapshot], inputs: &[String]) -> Result<()> {
    let Some(label) = at.model.spec.label() else { return Ok(()) };
    let known = |(abt, own): (&Node, &str)| {
        format!("select max(reference_date) as known from {} where {} is not null", abt.name, ident(own))
    };
    let known: Vec<String> = at.labelled().map(known).chain(["select null".to_owned()]).collect();
    let last = format!("select max(known)::date from ({})", known.join(" union all "));
    let last = at.warehouse.row(&last, &[], |row| row.get::<_, Option<NaiveDate>>(0))?.flatten();
    let known = |snapshot: &&Snapshot| last.is_some_and(|last| snapshot.date <= last);
    let Some(snapshot) = snapshots.iter().rev().find(known) else { return Ok(()) };
    let again = Again::new(at, snapshot, inputs)?;
    let refused = |what: String, place: Place| {
        let hint =
            "what is to be predicted is not there yet when a score is made: leave it out of the inputs";
        Err(Problem::usage(what).at(place).on(snapshot.date).hint(hint).into())
    };
    for (abt, own) in at.labelled() {
        again.turn_round(abt, own)?;
    }
    if let Some(input) = again.changed()?.first() {
        return refused(format!("input `{input}` is made of the label `{label}`"), at.mention(input));
    }
    for (abt, _) in at.labelled() {
        let Some(input) = again.made_of_outcome(abt)? else { continue };
        let place = if at.warehouse.columns(&abt.name)?.iter().any(|(name, _)| *name == input) {
            let rendered = at.catalog.render(&abt.name, snapshot.date)?;
            column_place(at.catalog, abt, &rendered, &input)
        } else {
            at.mention(&input)
        };
        let what = format!(
            "input `{input}` is made of what came after the reference date, as the label `{label}` is"
        );
        return refused(what, place);
    }
    Ok(())
}

/// The inputs at one date, made of other tables.
struct Again<'a> {
    at: Workspace<'a>,
    snapshot: &'a Snapshot,
    inputs: &'a [String],
    /// The model's SELECT over these tables.
    select: Select,
}

impl<'a> Again<'a> {
    /// Of the tables as they are.
    fn new(at: Workspace<'a>, snapshot: &'a Snapshot, inputs: &'a [String]) -> Result<Self> {
        let templates = at.catalog.templates.sealed(AGAIN);
        let select = at.catalog.render_with(&templates, &at.model.table(), snapshot.date)?.select()?;
        for schema in ["features", "abt"] {
            at.warehouse.batch(&format!("create schema if not exists {AGAIN}{schema}"))?;
        }
        let again = Self { at, snapshot, inputs, select };
        at.model
            .refs
            .iter()
            .try_for_each(|name| again.put(name, &format!("select * from {}", again.rows(name))))?;
        Ok(again)
    }

    fn put(&self, name: &str, select: &str) -> Result<(), SqlError> {
        self.at.warehouse.batch(&format!("create or replace table {AGAIN}{name} as {select}"))
    }

    fn rows(&self, name: &str) -> String {
        format!("{name} where reference_date = date '{}'", self.snapshot.date)
    }

    /// An ABT with 1 for 0 in its label, and 0 for 1 and for NULL.
    fn turn_round(&self, abt: &Node, label: &str) -> Result<(), SqlError> {
        let columns = self.at.warehouse.columns(&abt.name)?;
        let sql_type = columns.iter().find(|(name, _)| name == label).map_or("double", |(_, of)| of);
        let label = ident(label);
        let turned = format!("(coalesce(1 - {label}::double, 0))::{sql_type} as {label}");
        self.put(&abt.name, &format!("select * replace ({turned}) from {}", self.rows(&abt.name)))
    }

    /// The first input that depends on `outcome` in an ABT, and does not differ by itself.
    fn made_of_outcome(&self, abt: &Node) -> Result<Option<String>> {
        let (catalog, date) = (self.at.catalog, self.snapshot.date);
        // What cannot be made of what was known alone is for the proof to look at.
        let changed = |rendered: &Rendered| {
            let head = format!("select date '{date}' as reference_date, q.* from (\n");
            let select = rendered.select().map(|select| select.within(&head, "\n) as q"));
            let put = select.and_then(|select| self.put(&abt.name, select.as_str()));
            put.and_then(|()| self.changed()).unwrap_or_default()
        };
        let blind = catalog.render_with(&catalog.templates.blind(), &abt.name, date)?;
        let without = if blind.outcomes.is_empty() { Vec::new() } else { changed(&blind) };
        let unsteady =
            if without.is_empty() { Vec::new() } else { changed(&*catalog.render(&abt.name, date)?) };
        Ok(without.into_iter().find(|input| !unsteady.contains(input)))
    }

    /// The inputs that differ from the model's own, in rows of one key.
    fn changed(&self) -> Result<Vec<String>, SqlError> {
        let differs = |name: &String| {
            let name = ident(name);
            // Sums of floats differ in the last digits from run to run.
            format!(
                "coalesce(bool_or(a.{name} is distinct from b.{name} and abs(a.{name}::double - b.{name}::double)
                     > 1e-9 * greatest(1, abs(a.{name}::double)) is distinct from false), false)"
            )
        };
        let columns: Vec<String> = self.inputs.iter().map(differs).collect();
        let key = self.at.model.spec.key.iter().map(|key| ident(key));
        let on: Vec<String> = key.map(|key| format!("a.{key} is not distinct from b.{key}")).collect();
        let sql = format!(
            "select {} from (\n{}\n) as a inner join (\n{}\n) as b on {}",
            columns.join(", "),
            self.snapshot.select.select()?,
            self.select,
            on.join(" and ")
        );
        let changed = self.at.warehouse.row(&sql, &[], |row| {
            (0..self.inputs.len()).map(|at| row.get::<_, bool>(at)).collect::<duckdb::Result<Vec<bool>>>()
        })?;
        let changed = changed.unwrap_or_default();
        Ok(self.inputs.iter().zip(changed).filter(|(_, is)| *is).map(|(name, _)| name.clone()).collect())
    }
}
