//! The rows of a warehouse that are connected with one entity: those that have its id, those that have an id of one of these,
//! and so on.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;

use super::bench::texts;
use super::draw::Wanted;
use super::write::{Cells, NULL};
use crate::config::{Column, SourceSpec};
use crate::ingest::raw_rows;
use crate::warehouse::{Warehouse, ident, joined, text};

/// Rows that are looked at, at most.
const MOST: usize = 2_000;

struct Source {
    name: String,
    columns: Vec<String>,
    /// Where its raw rows are.
    from: String,
    /// Positions of the columns whose values lead to other rows, and what they are called there.
    links: Vec<(usize, String)>,
    /// Position of its first moment: rows of one time matter together, or not at all.
    moment: Option<usize>,
    found: BTreeSet<Vec<String>>,
}

pub struct Reach<'a> {
    warehouse: &'a Warehouse,
    sources: Vec<Source>,
    /// Values that are not followed yet, and those that are, by the name of their column.
    open: BTreeMap<String, BTreeSet<String>>,
    done: BTreeSet<(String, String)>,
    /// At first a source is looked at once: from a seller to its orders and their products, and not on to all who sell these.
    is_first: bool,
    date: NaiveDate,
}

/// What the values of a column are called, wherever they stand: codes of as many digits are the same.
fn link_of(column: &Column) -> String {
    column.digits.map_or_else(|| column.name.clone(), |digits| format!("{digits} digits"))
}

impl<'a> Reach<'a> {
    /// Begins at the row of `node` with this key, and looks at the sources `needed` for it.
    pub fn new(
        warehouse: &'a Warehouse,
        specs: &BTreeMap<String, SourceSpec>,
        needed: &BTreeSet<String>,
        wanted: &Wanted<'_>,
    ) -> Result<Self> {
        let Wanted { node, key, date, .. } = wanted;
        // What several sources have, under one name, says which rows belong together.
        let mut uses: BTreeMap<String, usize> = node.spec.key.iter().map(|name| (name.clone(), 1)).collect();
        for column in specs.values().flat_map(SourceSpec::in_file) {
            *uses.entry(link_of(column)).or_default() += 1;
        }
        let mut sources = Vec::new();
        for (name, spec) in specs {
            if !needed.contains(name) || !warehouse.has_table(&format!("sources.{name}"))? {
                continue;
            }
            let columns: Vec<String> = spec.in_file().map(|column| column.name.clone()).collect();
            let links = spec.in_file().map(link_of).enumerate().filter(|(_, link)| uses[link] > 1).collect();
            let is_moment =
                |sql_type: &str| sql_type.starts_with("date") || sql_type.starts_with("timestamp");
            let moment = spec.in_file().position(|column| is_moment(&column.sql_type.to_lowercase()));
            let from = raw_rows(warehouse, name, spec)?;
            sources.push(Source { name: name.clone(), columns, from, links, moment, found: BTreeSet::new() });
        }
        let start = node.spec.key.iter().zip(*key);
        let open = start.map(|(name, value)| (name.clone(), [value.clone()].into())).collect();
        Ok(Self { warehouse, sources, open, done: BTreeSet::new(), is_first: true, date: *date })
    }

    /// Adds the rows that are one step farther away. Whether there were any, and room for them.
    pub fn step(&mut self) -> Result<bool> {
        let open = std::mem::take(&mut self.open);
        let before = self.count();
        for (name, values) in &open {
            self.done.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
        let is_closed: Vec<bool> =
            self.sources.iter().map(|source| self.is_first && !source.found.is_empty()).collect();
        for at in (0..self.sources.len()).filter(|at| !is_closed[*at]) {
            for (column, link) in self.sources[at].links.clone() {
                let Some(values) = open.get(&link) else { continue };
                // So that what belongs to these rows has room as well.
                let room = MOST.saturating_sub(self.count()).min(MOST / 4);
                let new = self.rows(&self.sources[at], column, values, room)?;
                self.add(at, new);
            }
        }
        if self.count() == before && std::mem::replace(&mut self.is_first, false) {
            self.done.clear();
            for at in 0..self.sources.len() {
                self.add(at, self.sources[at].found.iter().cloned().collect());
            }
            return self.step();
        }
        Ok(self.count() > before && self.count() < MOST)
    }

    /// The rows of a source that have one of `values` in a column; where they are too many, the last before the date.
    fn rows(
        &self,
        source: &Source,
        link: usize,
        values: &BTreeSet<String>,
        most: usize,
    ) -> Result<Vec<Vec<String>>> {
        let columns: Vec<String> = source.columns.iter().map(|name| ident(name)).collect();
        let date = self.date;
        let last = |at: usize| format!("order by {0} < date '{date}' desc, {0} desc", columns[at]);
        let from = format!(
            "{} where {}::varchar in (select unnest([{}])) {} limit {most}",
            source.from,
            columns[link],
            joined(values.iter().map(|value| text(value)), ", "),
            source.moment.map(last).unwrap_or_default()
        );
        Ok(texts(self.warehouse, &columns, &from)?)
    }

    fn add(&mut self, at: usize, rows: Vec<Vec<String>>) {
        let source = &mut self.sources[at];
        for row in rows {
            for (column, name) in &source.links {
                let value = &row[*column];
                if value != NULL && !self.done.contains(&(name.clone(), value.clone())) {
                    self.open.entry(name.clone()).or_default().insert(value.clone());
                }
            }
            source.found.insert(row);
        }
    }

    pub fn count(&self) -> usize {
        self.sources.iter().map(|source| source.found.len()).sum()
    }

    /// What was found so far, by time.
    pub fn given(&self) -> Vec<Cells> {
        let cells = |source: &Source| {
            let mut rows: Vec<Vec<String>> = source.found.iter().cloned().collect();
            rows.sort_by(|a, b| source.moment.map_or(std::cmp::Ordering::Equal, |at| a[at].cmp(&b[at])));
            Cells { table: source.name.clone(), columns: source.columns.clone(), rows }
        };
        self.sources.iter().map(cells).collect()
    }
}
