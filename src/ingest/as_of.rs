//! What a source knew at a reference date, by its config: the relation `sources.<name>_as_of(reference_date)`.

use anyhow::Result;

use super::source_file;
use crate::config::{SourceSpec, When};
use crate::problem::Problem;
use crate::sql::Select;
use crate::template::Templates;
use crate::warehouse::{Warehouse, ident};

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

/// Whether the macro in the database is another one than `create` makes.
pub fn differs(warehouse: &Warehouse, name: &str, spec: &SourceSpec) -> Result<bool> {
    let select = as_of_select(warehouse, name, spec)?;
    warehouse.batch(&format!("create or replace temp macro expected(reference_date) as table {select}"))?;
    let is_same = "select count(*) = 2 and count(distinct macro_definition) = 1 from duckdb_functions()
        where function_type = 'table_macro' and parameters = ['reference_date']
            and (database_name = 'temp' and function_name = 'expected'
                or database_name = 'warehouse' and schema_name = 'sources' and function_name = ?)";
    let name = format!("{name}_as_of");
    let is_same = warehouse.row(is_same, &[&name], |row| row.get::<_, bool>(0))?;
    warehouse.batch("drop macro table temp.expected")?;
    Ok(is_same != Some(true))
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
    let mut columns = Vec::new();
    for (column, _) in warehouse.columns(&format!("sources.{name}"))? {
        let quoted = ident(&column);
        columns.push(match spec.column(&column).map(|column| &column.when) {
            Some(When::KnownAt(moment)) => {
                format!("case when ({moment}) < reference_date then {quoted} end as {quoted}")
            }
            Some(When::AsOf(value)) => format!("({value}) as {quoted}"),
            Some(When::WithRow) | None => quoted,
        });
    }
    let filter = if spec.known_at.is_some() { " where known_at < reference_date" } else { "" };
    Ok(format!("select {more}{} from {from}{filter}", columns.join(", ")))
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
        let (key, expression) = match &column.when {
            When::KnownAt(moment) => ("known_at", moment),
            When::AsOf(value) => ("as_of", value),
            When::WithRow => continue,
        };
        if let Err(error) = warehouse.describe(&rows.computing("select (", expression, ")")) {
            let path = format!("columns.{}.{key}", column.name);
            let place = templates.in_config(&source_file(name), &path, error.position.unwrap_or(0));
            let what = format!("`{key}` of `{}` does not work: {}", column.name, error.headline());
            return Err(Problem::usage(what)
                .at(place)
                .hint("known_at and as_of are expressions over the row; `reference_date` is a DATE in them")
                .into());
        }
    }
    Ok(())
}
