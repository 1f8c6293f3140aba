//! What a source knew at a reference date, by its config: the relation `sources.<name>_as_of(reference_date)`.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::config::{SourceSpec, source_file};
use crate::problem::Problem;
use crate::sql::Select;
use crate::template::Templates;
use crate::warehouse::{Warehouse, ident, joined};

/// The rows of a source as they are kept, with `known_at`: made of its own SELECT.
pub fn loaded_select(spec: &SourceSpec, select: &Select) -> Select {
    let known_at = spec.known_at.as_deref().unwrap_or("null");
    // A column that the SELECT adds only to say when a row became known is kept once, as known_at.
    let is_name = known_at != "null" && known_at.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_helper = is_name && spec.column(known_at).is_none();
    let kept = if is_helper { format!("q.* exclude ({})", ident(known_at)) } else { "q.*".to_owned() };
    let head = format!("select {kept}, cast(({known_at}) as timestamp) as known_at from (\n");
    select.within(&head, "\n) as q")
}

/// Makes the macro `sources.<name>_as_of(reference_date)`.
pub fn create(warehouse: &Warehouse, name: &str, spec: &SourceSpec) -> Result<()> {
    let select = as_of_select(warehouse, name, spec)?;
    let name = ident(&format!("{name}_as_of"));
    Ok(warehouse
        .batch(&format!("create or replace macro sources.{name}(reference_date) as table {select}"))?)
}

/// The sources whose macro in the database is another one than `create` makes.
pub fn others<'a>(
    warehouse: &Warehouse,
    specs: &'a BTreeMap<String, SourceSpec>,
) -> Result<Vec<(&'a String, &'a SourceSpec)>> {
    let (mut made, mut dropped) = (Vec::new(), Vec::new());
    for (name, spec) in specs {
        let select = as_of_select(warehouse, name, spec)?;
        let own = ident(&format!("{name}_as_of"));
        made.push(format!("create or replace temp macro {own}(reference_date) as table {select}"));
        dropped.push(format!("drop macro table temp.{own}"));
    }
    warehouse.batch(&made.join(";"))?;
    // Going through all functions takes much longer than to make a macro: once for all.
    let same = "select function_name[:-7] from duckdb_functions()
        where function_type = 'table_macro' and parameters = ['reference_date'] and function_name like '%\\_as\\_of' escape '\\'
            and (database_name = 'temp' or database_name = 'warehouse' and schema_name = 'sources')
        group by function_name having count(*) = 2 and count(distinct macro_definition) = 1";
    let same = warehouse.rows(same, &[], |row| row.get::<_, String>(0))?;
    warehouse.batch(&dropped.join(";"))?;
    Ok(specs.iter().filter(|(name, _)| !same.contains(name)).collect())
}

/// The SELECT of what a source knew strictly before midnight of `reference_date`, by its config.
pub fn as_of_select(warehouse: &Warehouse, name: &str, spec: &SourceSpec) -> Result<String> {
    as_of_query(warehouse, name, spec, "", &format!("sources.{}", ident(name)))
}

/// As `as_of_select`, of rows `from` elsewhere, with `more` columns in front.
pub fn as_of_query(
    warehouse: &Warehouse,
    name: &str,
    spec: &SourceSpec,
    more: &str,
    from: &str,
) -> Result<String> {
    let columns = warehouse.shape(&format!("sources.{name}"))?.into_iter().map(|(column, _)| {
        let quoted = ident(&column);
        let Some(column) = spec.column(&column) else { return quoted };
        let (before, behind) = column.around(&quoted);
        let expression = column.moment().map_or("", |(_, expression)| expression);
        format!("{before}{expression}{behind}")
    });
    let filter = spec.known_rows().map(|known| format!(" where {known}")).unwrap_or_default();
    Ok(format!("select {more}{} from {from}{filter}", joined(columns, ", ")))
}

/// Every `known_at` and `as_of` of a column has to be an expression over the row.
pub fn check_moments(
    warehouse: &Warehouse,
    templates: &Templates,
    name: &str,
    spec: &SourceSpec,
) -> Result<()> {
    let rows = format!("select *, date '2018-01-01' as reference_date from sources.{}", ident(name));
    let rows = Select::of(&rows)?;
    for column in &spec.columns {
        let Some((key, expression)) = column.moment() else { continue };
        if let Err(error) = warehouse.describe(&rows.computing("select (", expression, ")")) {
            let path = format!("columns.{}.{key}", column.name);
            let place = templates.in_config(&source_file(name), &path, error.position.unwrap_or(0));
            let what = format!("`{key}` of `{}` does not work: {}", column.name, error.headline());
            let hint = "known_at and as_of are expressions over the row; `reference_date` is a DATE in them";
            return Err(Problem::usage(what).at(place).hint(hint).into());
        }
    }
    Ok(())
}
