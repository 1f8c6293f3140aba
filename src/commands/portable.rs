//! `olist check --portable`: whether the files of a project run on Spark as well, and why not.

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use super::check::verdict;
use crate::cli::Selection;
use crate::ingest;
use crate::output::Table;
use crate::portable;
use crate::problem::Problem;

/// Any date does: it decides no more than digits.
const DATE: NaiveDate = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap();

pub fn portable(session: &Session, selection: &Selection) -> Result<()> {
    let mut catalog = session.catalog_of_the_rest(DATE)?;
    let mistakes = std::mem::take(&mut catalog.mistakes);
    let templates = session.templates_for_spark()?;
    let specs = ingest::specs(session.project()?, &templates)?;
    let selected = selection.of(&catalog)?;
    let mut table = Table::new(&["table", "file", "runs on Spark"]);
    let mut problems: Vec<Problem> = Vec::new();
    // Models are scored where the ABT has come back to: in DuckDB.
    let nodes = catalog.order.iter().filter(|name| selected.contains(*name));
    for node in nodes.filter_map(|name| catalog.tables.get(name)) {
        let rendered = catalog.render_with(&templates, &node.name, DATE)?;
        let mut refused = portable::inline(&rendered, &templates, &specs).err().unwrap_or_default();
        refused.extend(portable::refused_checks(&node.file, &node.spec, &templates));
        let result =
            if refused.is_empty() { "yes".to_owned() } else { format!("no: {}", refused[0].message) };
        table.push(vec![node.name.clone(), node.file.clone(), result]);
        problems.extend(refused);
    }
    table.print(session.options.format)?;
    verdict(problems, mistakes, "mistake", "every file runs on DuckDB and on Spark")
}
