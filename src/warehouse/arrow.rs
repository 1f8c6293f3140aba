//! Whole columns in and out, as Arrow.

use anyhow::{Context, Result};
use duckdb::arrow::array::{Array, ArrayRef, Float64Array, RecordBatch};
use duckdb::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use duckdb::arrow::util::display::{ArrayFormatter, FormatOptions};
use std::sync::Arc;

use super::{SqlError, Warehouse};

/// The result of a query, in batches of columns.
pub struct Batches {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

impl Batches {
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Warehouse {
    /// Runs a query and keeps its columns.
    pub fn arrow(&self, sql: &str) -> Result<Batches, SqlError> {
        let wrap = |error: duckdb::Error| SqlError::new(&error);
        let _busy = self.gate.enter()?;
        let mut statement = self.connection().prepare(sql).map_err(wrap)?;
        let result = statement.query_arrow([]).map_err(wrap)?;
        let schema = result.get_schema();
        Ok(Batches { schema, batches: result.collect() })
    }

    /// Writes `keys` (columns as they came out of a query) and `values` beside them to the temporary table `stage`,
    /// which is created anew with `columns`.
    pub fn stage(&self, keys: &[(String, ArrayRef)], values: &[(&str, Vec<f64>)]) -> Result<()> {
        let mut fields = Vec::new();
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for (name, array) in keys {
            fields.push(Field::new(name, array.data_type().clone(), true));
            arrays.push(Arc::clone(array));
        }
        for (name, numbers) in values {
            fields.push(Field::new(*name, DataType::Float64, true));
            arrays.push(Arc::new(Float64Array::from(numbers.clone())));
        }
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
            .context("columns differ in length")?;
        let mut appender = self.connection().appender_to_catalog_and_db("stage", "temp", "main")?;
        appender.append_record_batch(batch)?;
        appender.flush()?;
        Ok(())
    }
}

/// One cell as text, as DuckDB's own clients print it; NULL is empty.
pub fn cell_text(array: &dyn Array, row: usize) -> String {
    let options = FormatOptions::default().with_null("");
    ArrayFormatter::try_new(array, &options)
        .map_or_else(|error| error.to_string(), |cells| cells.value(row).to_string())
}
