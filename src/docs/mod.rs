//! What the tables and columns of a project are, from where they come and where they go: for a page and for a terminal.

mod columns;

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
pub use columns::Statistics;
use columns::{Names, Shape, columns, score_columns};

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

    /// What a column of it is called elsewhere.
    pub fn origin(&self, column: &Column) -> Origin {
        (self.name.clone(), column.name.clone())
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
        let sql = "select table_name, max(reference_date) from pipeline.partitions group by table_name";
        let built = self.warehouse.rows(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let built: BTreeMap<String, NaiveDate> = built.into_iter().collect();
        let texts = Texts::new(self.warehouse, self.catalog, "warehouse", self.date)?;
        let mut reader = Reader { library: self, names: Names::read(self.warehouse)?, texts };
        let mut tables = Vec::new();
        for (name, spec) in self.sources {
            tables.push(reader.source(name, spec)?);
        }
        for node in self.catalog.order.iter().filter_map(|name| self.catalog.tables.get(name)) {
            tables.push(reader.node(node, built.get(&node.name).copied())?);
        }
        for model in self.catalog.models.values() {
            tables.extend(reader.model(model, built.get(&model.table()).copied())?);
        }
        link(&mut tables);
        Ok(tables)
    }

    /// Adds what the values of the columns of a table are like.
    pub fn measure(&self, table: &mut Table) -> Result<()> {
        let rows = match (table.kind, &table.date) {
            ("source", _) => format!("from {}", table.name),
            (_, None) => return Ok(()),
            ("model", _) => format!("from (\n{}\n) as q", table.rendered),
            (_, Some(date)) => format!("from {} where reference_date = date '{date}'", table.name),
        };
        columns::measure(self.warehouse, &rows, &mut table.columns)
    }
}

/// A library with what is known of the columns of all its tables.
struct Reader<'a> {
    library: &'a Library<'a>,
    names: Names,
    texts: Texts<'a>,
}

impl Reader<'_> {
    fn source(&mut self, name: &str, spec: &SourceSpec) -> Result<Table> {
        let file = source_file(name);
        let rendered =
            self.library.catalog.templates.render(&file, Kind::Source, None, Some(columns::RAW))?;
        let mut table = self.table(&format!("sources.{name}"), "source", &spec.description, &rendered, None);
        // The moment is made of the SELECT's columns, and stands beside them.
        let known_at =
            spec.known_at.as_ref().map_or_else(|| "null".to_owned(), |moment| format!("({moment})"));
        let head = format!("select *, {known_at} as known_at from (\n");
        let sql = format!("{head}{}\n) as q", &*rendered.sql);
        let has = |of: &str, column: &str| match of {
            columns::FROM_RAW => spec.in_file().any(|declared| declared.name == column),
            _ => self.names.has(of, column),
        };
        table.columns = columns(self.names.of(&table.name), &sql, &has);
        say(&mut table.columns, &self.texts.of(&table.name)?);
        for column in &mut table.columns {
            column.place(&self.library.catalog.templates, &rendered, head.len());
            let raw = |(of, name): Origin| match &*of {
                columns::FROM_RAW => (spec.file_stem.clone(), name),
                _ => (of, name),
            };
            column.from = std::mem::take(&mut column.from).into_iter().map(raw).collect();
        }
        Ok(table)
    }

    fn node(&mut self, node: &Node, date: Option<NaiveDate>) -> Result<Table> {
        let rendered = self.library.catalog.render(&node.name, date.unwrap_or(self.library.date))?;
        let kind = if node.kind == Kind::Abt { "abt" } else { "feature store" };
        let mut table = self.table(&node.name, kind, &node.spec.description, &rendered, date);
        table.columns = self.columns(self.names.of(&node.name), &rendered);
        if date.is_some() {
            say(&mut table.columns, &self.texts.of(&node.name)?);
        }
        Ok(table)
    }

    /// The SELECT of a model, and its scores where there are some.
    fn model(&mut self, model: &Model, date: Option<NaiveDate>) -> Result<Vec<Table>> {
        let rendered = self.library.catalog.render(&model.table(), date.unwrap_or(self.library.date))?;
        // Where a table below is not built, its columns are not known.
        let shape =
            rendered.select().and_then(|select| self.library.warehouse.describe(&select)).unwrap_or_default();
        let mut select = self.table(&model.name, "model", &model.spec.description, &rendered, date);
        select.columns = self.columns(&shape, &rendered);
        if !shape.is_empty() {
            say(&mut select.columns, &self.texts.of_model(model)?);
        }
        if date.is_none() {
            return Ok(vec![select]);
        }
        let name = model.table();
        let mut columns = score_columns(self.names.of(&name), model, &shape);
        say(&mut columns, &self.texts.of(&name)?);
        let (description, date) = (select.description.clone(), select.date.clone());
        let [file, sql, rendered] = [const { String::new() }; 3];
        let scores = Table { name, kind: "scores", description, file, sql, rendered, date, columns };
        Ok(vec![select, scores])
    }

    /// The columns of `shape` as a rendered file makes them.
    fn columns(&self, shape: &[Shape], rendered: &Rendered) -> Vec<Column> {
        let mut columns = columns(shape, &rendered.sql, &|of: &str, column: &str| self.names.has(of, column));
        for column in &mut columns {
            column.place(&self.library.catalog.templates, rendered, 0);
        }
        columns
    }

    /// A table by its file, without columns yet.
    fn table(
        &self,
        name: &str,
        kind: &'static str,
        description: &str,
        rendered: &Rendered,
        date: Option<NaiveDate>,
    ) -> Table {
        Table {
            name: name.to_owned(),
            kind,
            description: description.to_owned(),
            file: rendered.file.clone(),
            sql: self.library.catalog.templates.source(&rendered.file).to_owned(),
            rendered: rendered.sql.trim().to_owned(),
            date: date.map(|date| date.to_string()),
            columns: Vec::new(),
        }
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
                to.entry(from.clone()).or_default().insert(table.origin(column));
            }
        }
    }
    for table in tables {
        for at in 0..table.columns.len() {
            let own = table.origin(&table.columns[at]);
            table.columns[at].to = to.remove(&own).unwrap_or_default();
        }
    }
}
