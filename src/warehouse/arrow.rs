//! Whole columns in and out, as Arrow.

use anyhow::{Context, Result};
use duckdb::arrow::array::{Array, ArrayRef, RecordBatch};
use duckdb::arrow::datatypes::{Field, Schema, SchemaRef};
use duckdb::arrow::error::ArrowError;
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

use super::{SqlError, Warehouse};
use crate::output::Table;

/// The result of a query, in batches of columns.
pub struct Batches {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

impl Batches {
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The cells of every row, as texts.
    pub fn texts(&self) -> Vec<Vec<String>> {
        self.batches.iter().flat_map(|batch| texts(batch.columns())).collect()
    }

    /// The rows, to be printed.
    pub fn table(&self) -> Table {
        let names: Vec<&String> = self.schema.fields().iter().map(|field| field.name()).collect();
        let mut table = Table::new(&names);
        self.texts().into_iter().for_each(|row| table.push(row));
        table
    }
}

impl Warehouse {
    /// Runs a query and keeps its columns.
    pub fn arrow(&self, sql: &str) -> Result<Batches, SqlError> {
        let _busy = self.gate.enter()?;
        let mut statement = self.conn.prepare(sql)?;
        let result = statement.query_arrow([])?;
        let schema = result.get_schema();
        Ok(Batches { schema, batches: result.collect() })
    }

    /// Adds rows to a table of the same columns.
    pub fn append(&self, database: &str, schema: &str, table: &str, rows: RecordBatch) -> Result<()> {
        let mut appender = self.conn.appender_to_catalog_and_db(table, database, schema)?;
        appender.append_record_batch(rows)?;
        appender.flush()?;
        Ok(())
    }

    /// Writes `columns` to the temporary table `stage`, which has been created for them.
    pub fn stage(&self, columns: Vec<(String, ArrayRef)>) -> Result<()> {
        let field = |(name, array): &(String, ArrayRef)| Field::new(name, array.data_type().clone(), true);
        let fields: Vec<Field> = columns.iter().map(field).collect();
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .context("columns differ in length")?;
        self.append("temp", "main", "stage", batch)
    }
}

/// The cells of every row of some columns, each as DuckDB's own clients print it; NULL is empty.
pub fn texts(columns: &[ArrayRef]) -> Vec<Vec<String>> {
    let options = FormatOptions::default().with_null("");
    let rows = columns.first().map_or(0, Array::len);
    let columns: Vec<_> = columns.iter().map(|column| ArrayFormatter::try_new(column, &options)).collect();
    let cell = |column: &Result<ArrayFormatter<'_>, ArrowError>, row| match column {
        Ok(cells) => cells.value(row).to_string(),
        Err(error) => error.to_string(),
    };
    (0..rows).map(|row| columns.iter().map(|column| cell(column, row)).collect()).collect()
}
