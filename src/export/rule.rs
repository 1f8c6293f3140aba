//! An analyst's rule for MLflow: its expression, which DuckDB computes in Python as it does here.

use anyhow::{Result, ensure};

use super::Trained;
use super::mlmodel::Artifact;
use crate::sql::tree;
use crate::warehouse::ident;

/// The engine of the tool, so that a function of SQL means the same.
const PACKAGES: &[&str] = &["duckdb>=2.0,<3", "mlflow>=3.17.2,<4", "pandas"];
const LOADER: &str = include_str!("olist_rule.py");
/// Orders the scores as the rows of the frame, whatever the rule does with them.
const ROW: &str = "\"row of the frame\"";

pub fn artifact(trained: &Trained<'_>, expression: &str) -> Result<Artifact> {
    let columns = inputs(trained, expression)?;
    let casts: Vec<String> = columns
        .iter()
        .map(|(name, sql_type)| format!("    cast({0} as {sql_type}) as {0}", ident(name)))
        .collect();
    let version = trained.version;
    let sql = format!(
        "-- version {} of `{}`, the rule `{}`, over the rows of a data frame\n\
         select cast(({expression}) as double) as score\nfrom (\n    select row_number() over () as {ROW},\n{}\n    \
         from frame\n) as q\norder by {ROW}\n",
        version.number,
        version.model,
        version.candidate.replace('\n', " "),
        casts.join(",\n"),
    );
    Ok(Artifact {
        inputs: columns.iter().map(|(name, sql_type)| (name.clone(), mlflow_type(sql_type))).collect(),
        outputs: vec![("score", "double")],
        files: vec![("rule.sql", sql.into_bytes()), ("code/olist_rule.py", LOADER.into())],
        flavor: "",
        loader_module: "olist_rule",
        packages: PACKAGES,
    })
}

/// Name and type of the columns that the expression uses, in the order of the model's SELECT.
fn inputs(trained: &Trained<'_>, expression: &str) -> Result<Vec<(String, String)>> {
    let sql = format!("select ({expression})");
    let used = tree::column_names(&tree::query(&sql).unwrap_or_default());
    let is_used = |(name, _): &&(String, String)| used.contains(&name.to_lowercase());
    let mut columns: Vec<(String, String)> = trained.columns.iter().filter(is_used).cloned().collect();
    if columns.is_empty() {
        // The same for all: an input still tells how many rows there are.
        let first = trained.inputs()?.into_iter().take(1);
        columns.extend(first.map(|name| (name, "DOUBLE".to_owned())));
    }
    ensure!(!columns.is_empty(), "the model has no input");
    Ok(columns)
}

/// Numbers and truths are floats to MLflow, so that NULL can be NaN; the SQL gives them their own type again.
fn mlflow_type(sql_type: &str) -> &'static str {
    let word = sql_type.split('(').next().unwrap_or_default();
    let is_number = matches!(word, "BOOLEAN" | "DOUBLE" | "FLOAT" | "DECIMAL" | "INTEGER" | "UINTEGER");
    if is_number || word.ends_with("INT") {
        "double"
    } else if word == "DATE" || word.starts_with("TIMESTAMP") {
        "datetime"
    } else {
        "string"
    }
}
