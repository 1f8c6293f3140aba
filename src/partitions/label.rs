//! What has to hold of an ABT's label.

use anyhow::Result;
use chrono::NaiveDate;

use super::columns::column_place;
use crate::catalog::{Catalog, Node};
use crate::problem::Problem;
use crate::template::{Kind, Rendered};
use crate::warehouse::{Warehouse, ident, idents};

/// A partition's labels are 0, 1 or NULL.
pub fn verify(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
) -> Result<()> {
    let Some(label) = node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt) else { return Ok(()) };
    let key = idents(&node.spec.key);
    let sql = format!(
        "select count(*), any_value({label}::varchar), min(({key})::varchar)
         from {} where reference_date = date '{date}' and {label}::double not in (0, 1)",
        node.name,
        label = ident(label)
    );
    let read = |row: &duckdb::Row<'_>| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    };
    let Some((rows, Some(value), Some(key))) = warehouse.row(&sql, &[], read)? else { return Ok(()) };
    Err(Problem::data(format!("the label `{label}` is neither 0 nor 1 in {rows} rows, for example {value}"))
        .at(column_place(catalog, node, rendered, label))
        .on(date)
        .hint(format!(
            "1 where it happened, 0 where it did not, NULL where that is not known yet; the first is {key}; the earlier partition stays"
        ))
        .into())
}

/// The day from which on all labels of a partition are known; `None` where there is none, or not one for each row.
pub fn known_until(warehouse: &Warehouse, node: &Node, date: NaiveDate) -> Result<Option<NaiveDate>> {
    if node.kind != Kind::Abt || node.spec.label.is_none() {
        return Ok(None);
    }
    let sql = format!(
        "select case when count(*) = count(label_known_on) then max(label_known_on)::date end
         from {} where reference_date = date '{date}'",
        node.name
    );
    Ok(warehouse.row(&sql, &[], |row| row.get(0))?.flatten())
}
