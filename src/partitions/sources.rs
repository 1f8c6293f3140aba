//! Sources on Spark: what `olist lake push` has written, or a table that is there.

use std::collections::BTreeMap;

use anyhow::Result;
use duckdb::arrow::array::AsArray;
use duckdb::arrow::datatypes::Int64Type;

use crate::config::{SourceSpec, source_file};
use crate::fingerprint;
use crate::ingest::loaded_select;
use crate::portable::{Relations, translate};
use crate::problem::Problem;
use crate::spark::{Failure, Spark, Why, ident, text};
use crate::sql::Select;
use crate::template::Templates;

/// Where a source lies in a lake.
pub fn source_folder(root: &str, name: &str, version: &str) -> String {
    format!("{root}/sources/{name}/version={version}")
}

/// What a source is called on Spark, in the session.
pub fn view(source: &str) -> String {
    ident(&format!("olist_source_{source}"))
}

/// Makes a view of every source, each in the version of `versions`, or of its `remote` table. Gives the versions of the latter.
///
/// # Errors
/// A source that is not there.
pub fn read(
    spark: &Spark,
    root: &str,
    templates: &Templates,
    specs: &BTreeMap<String, SourceSpec>,
    versions: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let mut remote = BTreeMap::new();
    for (name, version) in versions {
        let view = view(name);
        let Some((spec, table)) = specs.get(name).and_then(|spec| Some((spec, spec.remote.as_deref()?)))
        else {
            let folder = text(&source_folder(root, name, version));
            let sql =
                format!("create or replace temporary view {view} using parquet options (path {folder})");
            let lacking = |failure: Failure| match failure.why {
                Why::Query => {
                    let what = format!("sources.{name} is not in the lake `{root}` as it is loaded");
                    let push = format!("`olist lake push --lake {root}` writes it there");
                    Problem::usage(format!("{what}: {}", failure.message))
                        .hint(format!("{push}, and Spark's machines have to see it"))
                }
                _ => failure.problem(spark.address()),
            };
            spark.run(&sql, None).map_err(lacking)?;
            continue;
        };
        let wrong = |failure: Failure| match failure.why {
            Why::Query | Why::Rows => {
                Problem::usage(format!("`{table}` cannot be read as sources.{name}: {}", failure.message))
                    .at(templates.config_key(&source_file(name), "remote"))
                    .hint(format!("it has to have the columns of sources.{name}, without known_at"))
            }
            _ => failure.problem(spark.address()),
        };
        let select = remote_select(spec, table)?;
        spark.run(&format!("create or replace temporary view {view} as {select}"), None).map_err(wrong)?;
        remote
            .insert(name.clone(), fingerprint::of(&[version, table, &content(spark, &view).map_err(wrong)?]));
    }
    Ok(remote)
}

/// Its rows with `known_at`, as a load of files keeps them.
fn remote_select(spec: &SourceSpec, table: &str) -> Result<String> {
    let parts: Vec<String> = table.split('.').map(ident).collect();
    let relation = |_: &str| parts.join(".");
    let relations = Relations { as_of: &relation, whole: &relation, table: &relation };
    let select = loaded_select(spec, &Select::of("select * from remote.rows")?);
    let translation = translate(select.as_str(), &relations).map_err(|refused| refused[0].problem())?;
    Ok(translation.sql)
}

/// What differs where any row does.
fn content(spark: &Spark, view: &str) -> Result<String, Failure> {
    let rows = spark.run(
        &format!("select count(*), bit_xor(xxhash64(*)), sum(cast(hash(*) as bigint)) from {view}"),
        None,
    )?;
    let number = |at: usize| {
        let column = rows.first()?.column(at);
        column.as_primitive_opt::<Int64Type>().map(|numbers| numbers.value(0).to_string())
    };
    Ok((0..3).filter_map(number).collect::<Vec<_>>().join(" "))
}
