//! What a source knew at a reference date, on Spark: a SELECT, where DuckDB has a table macro.

use chrono::NaiveDate;

use super::{Relations, translate};
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
    let mut sql = "select\n".to_owned();
    // Where an expression of the config begins in the SQL, and where it stands in the config.
    let mut written = Vec::new();
    for column in &spec.columns {
        let quoted = ident(&column.name);
        let (before, behind) = column.when.around(&quoted);
        sql.extend(["    ", before]);
        if let Some((key, expression)) = column.when.given() {
            written.push((sql.len(), format!("columns.{}.{key}", column.name)));
            sql.push_str(expression);
        }
        sql.extend([&behind, ",\n"]);
    }
    let filter = spec.known_rows().map(|known| format!("\nwhere {known}")).unwrap_or_default();
    let source = ident(name);
    let rows = format!(
        "    known_at\nfrom (select *, date '{date}' as reference_date from sources.{source}) as q{filter}"
    );
    sql.push_str(&rows);
    let whole = |_: &str| from.to_owned();
    let relations = Relations { as_of: &whole, whole: &whole, table: &whole };
    translate(&sql, &relations).map(|translation| translation.sql).map_err(|refusals| {
        let refusal = &refusals[0];
        let file = source_file(name);
        let place = match written.iter().rfind(|(start, _)| *start <= refusal.at) {
            Some((start, path)) => templates.in_config(&file, path, refusal.at - start),
            None => templates.config_key(&file, "columns"),
        };
        Problem::usage(refusal.message.clone()).at(place).hint(refusal.hint.clone())
    })
}
