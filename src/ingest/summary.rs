//! What a load brought: rows, span of dates, data until, and what is odd.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use super::file::RawFile;
use super::history::Difference;
use super::synthetic::{SYNTHETIC, is_synthetic};
use super::{Loader, Source, data_until};
use crate::output::Table;
use crate::problem::Problem;
use crate::sql::{Expression, Select};
use crate::template::Templates;
use crate::term;
use crate::warehouse::Warehouse;

const CHANGED: &str =
    "sources show something else from these reference dates on; what was built before them stays:";

/// What the user is told.
pub struct Summary {
    pub tables: Table,
    pub odd: Vec<(String, u64)>,
    pub data_until: Option<NaiveDate>,
    /// Data until was set by hand.
    is_by_hand: bool,
    unchanged: bool,
    is_synthetic: bool,
    /// What sources show otherwise than before this load.
    differences: Vec<(String, Difference)>,
}

pub fn read(
    warehouse: &Warehouse,
    templates: &Templates,
    sources: &[Source],
    differences: Vec<(String, Difference)>,
    unchanged: bool,
) -> Result<Summary> {
    let mut tables = Table::new(&["source", "rows", "from", "to", "file"]);
    let mut odd = Vec::new();
    for source in sources {
        let file = source.file.as_ref().map_or_else(|| "sample".to_owned(), RawFile::short_name);
        let sql = format!(
            "select ?, count(*)::varchar, coalesce(min(known_at)::date::varchar, ''),
                 coalesce(max(known_at)::date::varchar, ''), ? from {}",
            source.table()
        );
        let read = |row: &duckdb::Row<'_>| (0..5).map(|at| row.get(at)).collect();
        tables.push(warehouse.one(&sql, &[&source.name, &file], read)?);
        for (name, expression) in &source.spec.odd {
            let count = Loader { warehouse, templates, source }.odd_rows(name, expression)?;
            odd.extend((count > 0).then(|| (name.clone(), count)));
        }
    }
    Ok(Summary {
        tables,
        odd,
        data_until: data_until::data_until(warehouse)?,
        is_by_hand: data_until::set_by_hand(warehouse)?.is_some(),
        unchanged,
        differences,
        is_synthetic: is_synthetic(warehouse)?,
    })
}

impl Loader<'_> {
    /// How many rows are odd in this way; none where it compares with a table that is not there, such as the funnel's.
    fn odd_rows(self, name: &str, expression: &Expression) -> Result<u64> {
        let table = self.source.table();
        let head = format!("select count(*) from {table} where (");
        let wrong = |message: String, at: usize| {
            let path = format!("odd.{name}");
            Problem::usage(format!("odd '{name}': {message}"))
                .at(self.templates.in_config(&self.source.rendered.file, &path, at))
                .hint("an odd expression is true for an odd row of the loaded table")
        };
        // DuckDB takes any number but 0 for true.
        let rows = Select::of(&format!("from {table}"))?;
        let kinds = self.warehouse.describe(&rows.computing("select (", expression, ")")).unwrap_or_default();
        if let Some((_, other)) = kinds.first().filter(|(_, of)| of != "BOOLEAN") {
            return Err(wrong(format!("this is no condition: it gives {other}"), 0).into());
        }
        match self.warehouse.one(&format!("{head}{expression})"), &[], |row| row.get(0)) {
            Err(error) if error.headline().contains("does not exist") => Ok(0),
            Err(error) => {
                let at = error.position.map_or(0, |at| at.saturating_sub(head.len()));
                Err(wrong(error.headline(), at).into())
            }
            Ok(count) => Ok(count),
        }
    }
}

impl Summary {
    /// From which day on each source shows something else than before.
    fn changes(&self) -> Vec<String> {
        let mut by_day: BTreeMap<NaiveDate, Vec<&str>> = BTreeMap::new();
        for (source, difference) in self.differences.iter().filter(|(_, difference)| difference.is_known) {
            difference.from.into_iter().for_each(|day| by_day.entry(day).or_default().push(source));
        }
        let line = |(day, sources): (NaiveDate, Vec<&str>)| format!("  {day}  {}", sources.join(", "));
        let mut lines: Vec<String> = by_day.into_iter().map(line).collect();
        if !lines.is_empty() {
            lines.insert(0, CHANGED.to_owned());
        }
        lines
    }

    /// The notes after the table, for stderr.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.odd.is_empty() {
            notes.push("odd, kept as they are:".to_owned());
            for (name, count) in &self.odd {
                notes.push(format!("  {:>8} {name}", term::thousands(*count)));
            }
        }
        notes.extend(self.changes());
        match self.data_until {
            Some(day) if self.is_by_hand => {
                notes.push(format!("data until {day} (set by hand, until the next `olist ingest`)"));
            }
            Some(day) => notes.push(format!("data until {day} (the last complete day)")),
            None => notes.push("there are no orders: nothing can be built yet".to_owned()),
        }
        if self.is_synthetic {
            notes.push(SYNTHETIC.to_owned());
        }
        if self.unchanged {
            notes.push("nothing changed: these files are loaded already".to_owned());
        }
        notes
    }
}
