//! What the tables and columns of a project are, from where they come and where they go: for a page and for a terminal.

mod columns;
mod statistics;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use crate::catalog::{Catalog, Model, Node};
use crate::config::{SourceSpec, source_file};
use crate::partitions::texts::{Text, Texts};
use crate::sql::outputs::Origin;
use crate::template::{Kind, Rendered};
use crate::warehouse::Warehouse;
use columns::{Names, columns, score_columns};
use statistics::Statistics;

/// A table, or the SELECT of a model, which is none.
#[derive(Serialize)]
pub struct Table {
    pub name: String,
    /// `source`, `feature store`, `abt`, `model` or `scores`.
    pub kind: &'static str,
    pub description: String,
    /// Empty for scores, which have none.
    pub file: String,
    /// As its author wrote it, and as it runs at `date`.
    pub sql: String,
    pub rendered: String,
    /// The newest reference date at which it is built; none for a source, and where it is not built.
    pub date: Option<String>,
    pub columns: Vec<Column>,
}

/// A column, and its statistics at the date of its table.
#[derive(Serialize)]
pub struct Column {
    pub name: String,
    #[serde(rename = "type")]
    pub sql_type: String,
    pub text: Option<String>,
    pub unit: Option<&'static str>,
    /// What makes it, and on which line of the file; none where it is another column as it was.
    pub expression: Option<String>,
    pub line: Option<usize>,
    pub statistics: Option<Statistics>,
    /// The columns that it is made of, and those that are made of it.
    pub from: BTreeSet<Origin>,
    pub to: BTreeSet<Origin>,
    /// What it is made of besides, and could not be followed.
    pub unresolved: BTreeSet<String>,
}

impl Table {
    /// Whether `name` means a column of it: by its own name, or with that of the table.
    pub fn calls(&self, column: &Column, name: &str) -> bool {
        let of_table = name.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('.'));
        of_table.unwrap_or(name) == column.name
    }

    /// Whether `name` means it, or a column of it.
    pub fn has(&self, name: &str) -> bool {
        self.name == name || self.columns.iter().any(|column| self.calls(column, name))
    }
}

/// What is needed to read them.
pub struct Library<'a> {
    pub warehouse: &'a Warehouse,
    pub catalog: &'a Catalog,
    pub sources: &'a BTreeMap<String, SourceSpec>,
    /// At which tables are rendered that are not built.
    pub date: NaiveDate,
}

impl Library<'_> {
    /// All tables, each before those that are made of it.
    pub fn tables(&self) -> Result<Vec<Table>> {
        let (names, built) = (Names::read(self.warehouse)?, self.built()?);
        let mut texts = Texts::new(self.warehouse, self.catalog, "warehouse", self.date);
        let mut tables = Vec::new();
        for (name, spec) in self.sources {
            tables.push(self.source(name, spec, &names, &mut texts)?);
        }
        for node in self.catalog.order.iter().filter_map(|name| self.catalog.tables.get(name)) {
            tables.push(self.node(node, built.get(&node.name).copied(), &names, &mut texts)?);
        }
        for model in self.catalog.models.values() {
            tables.extend(self.model(model, built.get(&model.table()).copied(), &names, &mut texts)?);
        }
        link(&mut tables);
        Ok(tables)
    }

    /// The newest date of each table.
    fn built(&self) -> Result<BTreeMap<String, NaiveDate>> {
        let sql = "select table_name, max(reference_date) from pipeline.partitions group by table_name";
        let rows = self.warehouse.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    fn source(&self, name: &str, spec: &SourceSpec, names: &Names, texts: &mut Texts<'_>) -> Result<Table> {
        let (file, templates) = (source_file(name), &self.catalog.templates);
        let rendered = templates.render(&file, Kind::Source, None, Some(columns::RAW))?;
        let table = format!("sources.{name}");
        // The moment is made of the SELECT's columns, and stands beside them.
        let known_at =
            spec.known_at.as_ref().map_or_else(|| "null".to_owned(), |moment| format!("({moment})"));
        let head = format!("select *, {known_at} as known_at from (\n");
        let sql = format!("{head}{}\n) as q", &*rendered.sql);
        let has = |of: &str, column: &str| match of {
            columns::FROM_RAW => spec.in_file().any(|declared| declared.name == column),
            _ => names.has(of, column),
        };
        let mut columns = columns(&names.of(&table), &sql, &has);
        say(&mut columns, &texts.of(&table)?);
        for column in &mut columns {
            column.place(templates, &rendered, head.len());
            let raw = |(of, name): Origin| match &*of {
                columns::FROM_RAW => (spec.file_stem.clone(), name),
                _ => (of, name),
            };
            column.from = std::mem::take(&mut column.from).into_iter().map(raw).collect();
        }
        Ok(self.table(table, "source", spec.description.clone(), Some(&rendered), None, columns))
    }

    fn node(
        &self,
        node: &Node,
        date: Option<NaiveDate>,
        names: &Names,
        texts: &mut Texts<'_>,
    ) -> Result<Table> {
        let rendered = self.catalog.render(&node.name, date.unwrap_or(self.date))?;
        let mut columns =
            columns(&names.of(&node.name), &rendered.sql, &|of: &str, column: &str| names.has(of, column));
        if date.is_some() {
            say(&mut columns, &texts.of(&node.name)?);
        }
        for column in &mut columns {
            column.place(&self.catalog.templates, &rendered, 0);
        }
        let kind = if node.kind == Kind::Abt { "abt" } else { "feature store" };
        Ok(self.table(node.name.clone(), kind, node.spec.description.clone(), Some(&rendered), date, columns))
    }

    /// The SELECT of a model, and its scores where there are some.
    fn model(
        &self,
        model: &Model,
        date: Option<NaiveDate>,
        names: &Names,
        texts: &mut Texts<'_>,
    ) -> Result<Vec<Table>> {
        let rendered = self.catalog.render(&model.table(), date.unwrap_or(self.date))?;
        // Where a table below is not built, its columns are not known.
        let shape = rendered.select().and_then(|select| self.warehouse.describe(&select)).unwrap_or_default();
        let mut inputs = columns(&shape, &rendered.sql, &|of: &str, column: &str| names.has(of, column));
        if !shape.is_empty() {
            say(&mut inputs, &texts.of_model(model)?);
        }
        for column in &mut inputs {
            column.place(&self.catalog.templates, &rendered, 0);
        }
        let description = model.spec.description.clone();
        let select =
            self.table(model.name.clone(), "model", description.clone(), Some(&rendered), date, inputs);
        let Some(date) = date else { return Ok(vec![select]) };
        let mut columns = score_columns(&names.of(&model.table()), model, &shape);
        say(&mut columns, &texts.of(&model.table())?);
        let scores = self.table(model.table(), "scores", description, None, Some(date), columns);
        Ok(vec![select, scores])
    }

    fn table(
        &self,
        name: String,
        kind: &'static str,
        description: String,
        rendered: Option<&Rendered>,
        date: Option<NaiveDate>,
        columns: Vec<Column>,
    ) -> Table {
        let file = rendered.map(|rendered| rendered.file.clone()).unwrap_or_default();
        Table {
            name,
            kind,
            description,
            sql: self.catalog.templates.source(&file).to_owned(),
            file,
            rendered: rendered.map(|rendered| rendered.sql.trim().to_owned()).unwrap_or_default(),
            date: date.map(|date| date.to_string()),
            columns,
        }
    }

    /// Adds what the values of the columns of a table are like.
    pub fn measure(&self, table: &mut Table) -> Result<()> {
        let rows = match (table.kind, &table.date) {
            ("source", _) => format!("from {}", table.name),
            (_, None) => return Ok(()),
            ("model", _) => format!("from (\n{}\n) as q", table.rendered),
            (_, Some(date)) => format!("from {} where reference_date = date '{date}'", table.name),
        };
        statistics::add(self.warehouse, &rows, &mut table.columns)
    }
}

/// Tells columns what they are.
fn say(columns: &mut [Column], texts: &[(String, Option<Text>)]) {
    for column in columns {
        let text = texts.iter().find(|(name, _)| *name == column.name).and_then(|(_, text)| text.as_ref());
        column.text = text.map(|text| text.words.clone());
    }
}

/// Tells each column what is made of it.
fn link(tables: &mut [Table]) {
    let mut to: BTreeMap<Origin, BTreeSet<Origin>> = BTreeMap::new();
    for table in tables.iter() {
        for column in &table.columns {
            for from in &column.from {
                to.entry(from.clone()).or_default().insert((table.name.clone(), column.name.clone()));
            }
        }
    }
    for table in tables {
        for column in &mut table.columns {
            column.to = to.remove(&(table.name.clone(), column.name.clone())).unwrap_or_default();
        }
    }
}
