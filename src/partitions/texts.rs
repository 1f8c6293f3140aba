//! What the columns of tables are, in words: read from the comments in their files, kept as DuckDB's COMMENTs.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model, Node};
use crate::sql::outputs::{Output, Outputs};
use crate::template::Rendered;
use crate::warehouse::{Warehouse, ident, text};

const DATE: &str = "Midnight at the start of this day; everything here was known before it";
/// Longer expressions are not shown.
const LONGEST: usize = 60;

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub words: String,
    /// The table whose file says so.
    pub table: String,
}

impl Text {
    /// As it is said of a column of `table`: with the store that it comes from.
    fn within(&self, table: &str) -> String {
        let Self { words, table: from } = self;
        if from == table { words.clone() } else { format!("{words} ({from})") }
    }
}

/// The columns of a table, each with its text if it has one.
pub type Columns = Vec<(String, Option<Text>)>;

/// The texts of the tables of a project, read as they are asked for.
pub struct Texts<'a> {
    warehouse: &'a Warehouse,
    catalog: &'a Catalog,
    date: NaiveDate,
    /// The columns of every table that is built, and of every source, each with its COMMENT.
    shapes: BTreeMap<String, Vec<(String, Option<String>)>>,
    known: BTreeMap<String, Rc<Columns>>,
}

impl<'a> Texts<'a> {
    /// Of the tables that are in `database`.
    pub fn new(
        warehouse: &'a Warehouse,
        catalog: &'a Catalog,
        database: &str,
        date: NaiveDate,
    ) -> Result<Self> {
        // Once for all: DuckDB goes through every table of every database each time.
        let sql = "select schema_name || '.' || table_name, column_name, comment from duckdb_columns()
            where database_name = if(schema_name = 'sources', 'warehouse', ?)
                and schema_name in ('sources', 'features', 'abt', 'scores')
            order by column_index";
        let columns =
            warehouse.rows(sql, &[&database], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
        let mut shapes: BTreeMap<String, Vec<(String, Option<String>)>> = BTreeMap::new();
        for (table, column) in columns {
            shapes.entry(table).or_default().push(column);
        }
        Ok(Self { warehouse, catalog, date, shapes, known: BTreeMap::new() })
    }

    fn shape(&self, table: &str) -> &[(String, Option<String>)] {
        self.shapes.get(table).map_or(&[], Vec::as_slice)
    }

    /// The columns of a source, a feature store or an ABT.
    pub fn of(&mut self, table: &str) -> Result<Rc<Columns>> {
        if let Some(known) = self.known.get(table) {
            return Ok(Rc::clone(known));
        }
        let columns = Rc::new(match self.catalog.tables.get(table) {
            Some(node) => self.of_node(node)?,
            None => self.of_source(table),
        });
        self.known.insert(table.to_owned(), Rc::clone(&columns));
        Ok(columns)
    }

    fn of_source(&self, table: &str) -> Columns {
        let of = |words: &String| Text { words: words.clone(), table: table.to_owned() };
        self.shape(table).iter().map(|(name, words)| (name.clone(), words.as_ref().map(of))).collect()
    }

    fn of_node(&mut self, node: &Node) -> Result<Columns> {
        let rendered = self.catalog.render(&node.name, self.date)?;
        let names = self.shape(&node.name).iter().map(|(name, _)| name.clone());
        let names = names.filter(|name| name != "reference_date").collect();
        let own = |output: Output, texts: &Self| match output.text {
            Some(words) => Some(Text { words, table: node.name.clone() }),
            None if output.expression.is_some() => None,
            None => {
                let (table, column) = output.reads.first()?;
                let text = texts.known(table, column)?.clone()?;
                // Of a source it is the store that says so to those who read the store.
                let is_source = !texts.catalog.tables.contains_key(table);
                Some(if is_source { Text { table: node.name.clone(), ..text } } else { text })
            }
        };
        self.columns(&rendered, names, own)
    }

    /// The columns of a model. One that is made of others is told by them.
    pub fn of_model(&mut self, model: &Model) -> Result<Columns> {
        let rendered = self.catalog.render(&model.table(), self.date)?;
        let names = self.warehouse.describe(&rendered.select()?)?.into_iter().map(|(name, _)| name);
        let own = |output: Output, texts: &Self| {
            let expression = output.expression.filter(|_| output.text.is_none());
            let said = |(table, column): &(String, String)| {
                let text = texts.known(table, column)?.as_ref()?.within("");
                Some(if expression.is_some() { format!("{column}: {text}") } else { text })
            };
            let parts: Vec<String> = match &output.text {
                Some(words) => vec![words.clone()],
                None => output.reads.iter().filter_map(said).collect(),
            };
            let words = parts.join("; ");
            let words = match expression.filter(|expression| expression.len() <= LONGEST) {
                Some(expression) if !words.is_empty() => format!("{expression}, of {words}"),
                _ => words,
            };
            (!words.is_empty()).then(|| Text { words, table: model.table() })
        };
        self.columns(&rendered, names.collect(), own)
    }

    fn columns(
        &mut self,
        rendered: &Rendered,
        names: Vec<String>,
        own: impl Fn(Output, &Self) -> Option<Text>,
    ) -> Result<Columns> {
        for table in &rendered.refs {
            self.of(table)?;
        }
        for source in rendered.sources.union(&rendered.outcomes) {
            self.of(&format!("sources.{source}"))?;
        }
        let has = |table: &str, column: &str| self.known(table, column).is_some();
        let Some(outputs) = Outputs::read(&rendered.sql, &has) else {
            return Ok(names.into_iter().map(|name| (name, None)).collect());
        };
        let text = |name: String| {
            let text = own(outputs.column(&name), self);
            (name, text)
        };
        Ok(names.into_iter().map(text).collect())
    }

    fn known(&self, table: &str, column: &str) -> Option<&Option<Text>> {
        let columns = self.known.get(table)?;
        columns.iter().find(|(name, _)| name.eq_ignore_ascii_case(column)).map(|(_, text)| text)
    }
}

/// Puts down what the inputs of a version of `model` are, whose tables are in `tables`. Runs inside the transaction of the
/// training.
pub fn of_inputs(
    warehouse: &Warehouse,
    tables: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    date: NaiveDate,
    version: i32,
) -> Result<()> {
    let columns = Texts::new(tables, catalog, tables.database(), date)?.of_model(model)?;
    for (name, text) in columns.iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
        warehouse.execute(
            "update registry.inputs set description = ? where model = ? and version = ? and input = ?",
            &[&text.words, &model.name, &version, name],
        )?;
    }
    Ok(())
}

/// Puts the texts of all tables that are built on them, as far as they changed.
pub fn publish(warehouse: &Warehouse, catalog: &Catalog, date: NaiveDate) -> Result<()> {
    let mut texts = Texts::new(warehouse, catalog, "warehouse", date)?;
    let mut present = BTreeMap::new();
    for (table, columns) in &texts.shapes {
        present.extend(
            columns.iter().map(|(column, words)| ((table.clone(), Some(column.clone())), words.clone())),
        );
    }
    let tables = warehouse.rows(
        "select schema_name || '.' || table_name, comment from duckdb_tables()
         where database_name = 'warehouse' and schema_name in ('features', 'abt', 'scores')",
        &[],
        |row| Ok(((row.get(0)?, None), row.get(1)?)),
    )?;
    present.extend(tables);
    let mut statements = Vec::new();
    let mut say = |table: &str, column: Option<&str>, words: Option<&str>| {
        let key = (table.to_owned(), column.map(str::to_owned));
        if present.get(&key).is_none_or(|before| before.as_deref() == words) {
            return;
        }
        let on = match column {
            Some(column) => format!("column {table}.{}", ident(column)),
            None => format!("table {table}"),
        };
        statements.push(format!("comment on {on} is {}", words.map_or_else(|| "null".to_owned(), text)));
    };
    let built = |table: &String| present.contains_key(&(table.clone(), None));
    for (table, node) in catalog.tables.iter().filter(|(table, _)| built(table)) {
        say(table, None, Some(&node.spec.description));
        say(table, Some("reference_date"), Some(DATE));
        for (column, text) in texts.of(table)?.iter() {
            say(table, Some(column), text.as_ref().map(|text| text.within(table)).as_deref());
        }
    }
    for model in catalog.models.values().filter(|model| built(&model.table())) {
        let table = model.table();
        let per = format!("One row per {} and reference date. ", model.spec.key.join(", "));
        say(&table, None, Some(&format!("{per}{}", model.spec.description)));
    }
    if statements.is_empty() {
        return Ok(());
    }
    warehouse.transaction(|| Ok(warehouse.batch(&statements.join(";"))?))
}
