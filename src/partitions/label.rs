//! What has to hold of an ABT's label.

use anyhow::Result;
use chrono::NaiveDate;

use super::columns::column_place;
use crate::catalog::{Catalog, Node};
use crate::problem::Problem;
use crate::template::{Kind, Rendered};
use crate::warehouse::{Warehouse, ident, idents};

/// A partition's labels are 0, 1 or NULL. Gives the day from which on all of them are known; `None` where there is none, or
/// not one for each row.
pub fn verify(
    warehouse: &Warehouse,
    catalog: &Catalog,
    node: &Node,
    rendered: &Rendered,
    date: NaiveDate,
) -> Result<Option<NaiveDate>> {
    let label = node.spec.label.as_deref().filter(|_| node.kind == Kind::Abt);
    let Some(label) = label else { return Ok(None) };
    let (key, quoted) = (idents(&node.spec.key), ident(label));
    let sql = format!(
        "select case when count(*) = count(label_known_on) then max(label_known_on)::date end,
                count(*) filter (where {quoted}::double not in (0, 1)),
                any_value({quoted}::varchar) filter (where {quoted}::double not in (0, 1)),
                min(({key})::varchar) filter (where {quoted}::double not in (0, 1))
         from {} where reference_date = date '{date}'",
        node.name,
    );
    let read = |row: &duckdb::Row<'_>| {
        let (known, rows) = (row.get::<_, Option<NaiveDate>>(0)?, row.get::<_, i64>(1)?);
        Ok((known, rows, row.get::<_, Option<String>>(2)?, row.get::<_, Option<String>>(3)?))
    };
    let found = warehouse.row(&sql, &[], read)?;
    let Some((_, rows, Some(value), Some(key))) = found else {
        return Ok(found.and_then(|(known, ..)| known));
    };
    Err(Problem::data(format!("the label `{label}` is neither 0 nor 1 in {rows} rows, for example {value}"))
        .at(column_place(catalog, node, rendered, label))
        .on(date)
        .hint(format!(
            "1 where it happened, 0 where it did not, NULL where that is not known yet; the first is {key}; the earlier partition stays"
        ))
        .into())
}
