//! What an input is made of: the columns of ABTs that its expression reads, with the row's own values.

use anyhow::Result;
use serde::Serialize;

use super::Delivered;
use crate::catalog::Model;
use crate::dataset::{Snapshot, is_number};
use crate::sql::outputs::Outputs;
use crate::warehouse::{Warehouse, ident};

/// A column of an ABT.
#[derive(Serialize)]
pub struct Part {
    pub column: String,
    pub value: Option<f64>,
    /// The median of the list.
    pub usual: Option<f64>,
    pub description: Option<String>,
}

/// The columns that each of `inputs` is made of, where it is not one of them as it is; `tables` has the ABTs.
pub fn of(
    tables: &Warehouse,
    model: &Model,
    snapshot: &Snapshot,
    delivered: &Delivered,
    inputs: &[&str],
) -> Result<Vec<Vec<Part>>> {
    let columns = |table: &str| tables.columns(table).unwrap_or_default();
    let has = |table: &str, column: &str| {
        columns(table).iter().any(|(name, sql_type)| name.eq_ignore_ascii_case(column) && is_number(sql_type))
    };
    let Some(outputs) = Outputs::read(&snapshot.select.sql, &has) else {
        return Ok(inputs.iter().map(|_| Vec::new()).collect());
    };
    let of_input = |input: &&str| {
        let output = outputs.column(input);
        let reads = output.reads.iter().filter(|_| output.expression.is_some());
        reads.map(|(table, column)| part(tables, model, delivered, table, column)).collect()
    };
    inputs.iter().map(of_input).collect()
}

fn part(tables: &Warehouse, model: &Model, delivered: &Delivered, table: &str, column: &str) -> Result<Part> {
    let keys: Vec<String> = model.spec.key.iter().map(|name| format!("{}::varchar", ident(name))).collect();
    let sql = format!(
        "select any_value({column}::double) filter (where concat_ws(' ', {}) = ?), quantile_disc({column}::double, 0.5),
             (select any_value(comment) from duckdb_columns()
              where database_name = 'warehouse' and schema_name || '.' || table_name = ? and column_name = ?)
         from {table} where reference_date = ?",
        keys.join(", "),
        column = ident(column)
    );
    let values: [&dyn duckdb::ToSql; 4] = [&delivered.entity, &table, &column, &delivered.date];
    let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (value, usual, description) = tables.row(&sql, &values, read)?.unwrap_or_default();
    Ok(Part { column: column.to_owned(), value, usual, description })
}
