//! `olist render FILE --date D`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::cli::Engine;
use crate::ingest;
use crate::portable;
use crate::problem::{self, Problem, suggest};
use crate::template::Kind;
use crate::term;

pub fn render(session: &Session, file: &str, date: NaiveDate, engine: Engine) -> Result<()> {
    let project = session.project()?;
    let file = file.trim_start_matches("./");
    if project.source(file).is_none() {
        let files: Vec<&str> = project.files().map(|(path, _)| path).collect();
        return Err(Problem::usage(format!("there is no file `{file}` in {}", project.describe()))
            .maybe_hint(suggest(file, files))
            .into());
    }
    let kind = match file.split('/').collect::<Vec<_>>()[..] {
        ["features", _] => Kind::Feature,
        ["abt", _] => Kind::Abt,
        ["models", _] => Kind::Model,
        ["queries", "reports", _] => Kind::Report,
        ["queries", "sources", _] => Kind::Source,
        ["queries", "sample", _] => Kind::Sample,
        _ => {
            return Err(Problem::usage(format!("`{file}` is no query of its own"))
                .hint("macros are rendered by the files that use them")
                .into());
        }
    };
    if engine == Engine::Spark {
        return for_spark(session, file, kind, date);
    }
    let is_dated = !matches!(kind, Kind::Source | Kind::Sample);
    let raw = (kind == Kind::Source).then_some("raw");
    let rendered = session.templates()?.render(file, kind, is_dated.then_some(date), raw)?;
    Ok(term::data(&format!("{}\n", rendered.sql.trim()))?)
}

/// The SQL that would run on Spark: its settings stand in docs/spark.md.
fn for_spark(session: &Session, file: &str, kind: Kind, date: NaiveDate) -> Result<()> {
    if !matches!(kind, Kind::Feature | Kind::Abt | Kind::Model) {
        return Err(Problem::usage(format!("`{file}` never runs on Spark"))
            .hint("feature stores, ABTs and the SELECTs of models can")
            .into());
    }
    let templates = session.templates_for_spark()?;
    let rendered = templates.render(file, kind, Some(date), None)?;
    let specs = ingest::specs(session.project()?, &templates)?;
    match portable::inline(&rendered, &templates, &specs) {
        Ok(translation) => Ok(term::data(&format!("{}\n", translation.sql.trim()))?),
        Err(problems) => Ok(problem::end(problems)?),
    }
}
