//! What a source knew at a reference date, on Spark: a SELECT, where DuckDB has a table macro.

use chrono::NaiveDate;

use super::{Relations, refused, translate};
use crate::config::{SourceSpec, source_file};
use crate::problem::Problem;
use crate::template::Templates;
use crate::warehouse::ident;

/// The SELECT over `from`, a relation with the columns of `sources.<name>`, of what was known strictly before midnight of
/// `date`.
///
/// # Errors
/// An expression of the source's config that does not run on Spark, at its place.
pub fn as_of(
    name: &str,
    spec: &SourceSpec,
    date: NaiveDate,
    from: &str,
    templates: &Templates,
) -> Result<String, Problem> {
    let file = source_file(name);
    let mut columns = String::new();
    for column in &spec.columns {
        let (before, behind) = column.around(&ident(&column.name));
        let mut own = "";
        if let Some((key, expression)) = column.moment() {
            let path = format!("columns.{}.{key}", column.name);
            refused(&file, &path, expression, templates).map_or(Ok(()), Err)?;
            own = expression;
        }
        columns.extend(["    ", before, own, &behind, ",\n"]);
    }
    let filter = spec.known_rows().map(|known| format!("\nwhere {known}")).unwrap_or_default();
    let source = ident(name);
    let sql = format!(
        "select\n{columns}    known_at\n\
         from (select *, date '{date}' as reference_date from sources.{source}) as q{filter}"
    );
    let whole = |_: &str| from.to_owned();
    let translation = translate(&sql, &Relations { as_of: &whole, whole: &whole, table: &whole });
    translation
        .map(|translation| translation.sql)
        .map_err(|refusals| refusals[0].problem().at(templates.config_key(&file, "columns")))
}
