//! `olist render FILE --date D`

use anyhow::Result;
use chrono::NaiveDate;

use super::Session;
use crate::problem::{Problem, suggest};
use crate::template::Kind;
use crate::term;

pub fn render(session: &Session, file: &str, date: NaiveDate) -> Result<()> {
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
    let is_dated = !matches!(kind, Kind::Source | Kind::Sample);
    let raw = (kind == Kind::Source).then_some("raw");
    let rendered = session.templates()?.render(file, kind, is_dated.then_some(date), raw)?;
    Ok(term::data(&format!("{}\n", rendered.sql.trim()))?)
}
