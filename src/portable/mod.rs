//! From an analyst's SELECT for DuckDB to the same SELECT for Spark.
//!
//! The text stays as it is written but for what differs, which `sqlparser`'s tree says; functions are on a list that both
//! engines give the same rows for. What is on no list is refused at the analyst's line.

mod as_of;
mod call;
mod expression;
pub mod functions;
mod query;
mod text;
mod types;
mod walk;

pub use as_of::as_of;

use std::collections::BTreeMap;

use crate::config::{Check, SourceSpec, TableSpec};
use crate::problem::Problem;
use crate::sql::tree;
use crate::template::{Rendered, Templates};
use text::Piece;
use walk::Walk;

/// What a session of Spark has to be set to: types, time zone and arithmetic are then those of DuckDB, and what would
/// be NULL in silence is an error.
pub const SETTINGS: [(&str, &str); 5] = [
    ("spark.sql.ansi.enabled", "true"),
    ("spark.sql.session.timeZone", "UTC"),
    ("spark.sql.timestampType", "TIMESTAMP_NTZ"),
    ("spark.sql.decimalOperations.allowPrecisionLoss", "false"),
    // `${…}` in a text is a text.
    ("spark.sql.variable.substitute", "false"),
];

/// What the tables in FROM are on Spark: names, paths, or queries in brackets.
pub struct Relations<'a> {
    /// `orders`, as it was known at the reference date
    pub as_of: &'a dyn Fn(&str) -> String,
    /// `orders`, with nothing hidden
    pub whole: &'a dyn Fn(&str) -> String,
    /// `features.seller_sales`, with a column `reference_date`
    pub table: &'a dyn Fn(&str) -> String,
}

/// What Spark does not do, or not in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The byte of the text.
    pub at: usize,
    pub message: String,
    /// The portable way.
    pub hint: String,
}

impl Refusal {
    /// What is told of it, without its place.
    pub fn problem(&self) -> Problem {
        Problem::usage(self.message.clone()).hint(self.hint.clone())
    }
}

/// A query for Spark.
#[derive(Debug)]
pub struct Translation {
    pub sql: String,
    /// The text that it was made of.
    text: String,
    pieces: Vec<Piece>,
}

/// Translates one query that DuckDB's parser has taken.
///
/// # Errors
/// All that is refused, in the order of the text.
pub fn translate(sql: &str, relations: &Relations<'_>) -> Result<Translation, Vec<Refusal>> {
    tree::deep(|| {
        let mut walk = Walk::over(sql, relations).map_err(|refusal| vec![refusal])?;
        if !walk.refusals.is_empty() {
            walk.refusals.sort_by_key(|refusal| refusal.at);
            walk.refusals.dedup();
            return Err(walk.refusals);
        }
        let (translated, pieces) = walk.text.apply();
        Ok(Translation { sql: translated, text: sql.to_owned(), pieces })
    })
}

impl Translation {
    /// Where in the text that was translated Spark sees an error: its line, from 1, the character in it, from 0, and
    /// the part of the translation that it shows.
    pub fn origin(&self, line: usize, position: usize, fragment: &str) -> usize {
        let start: usize = self.sql.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let within =
            self.sql[start..].char_indices().nth(position).map_or(self.sql.len() - start, |(at, _)| at);
        let at = start + within;
        let Some(piece) = self.pieces.iter().rfind(|piece| piece.start <= at) else { return 0 };
        if piece.is_copy {
            return (piece.from.start + at - piece.start).min(piece.from.end);
        }
        // What was put in stands for a part of the text: where the fragment is in it, that is the place.
        let shown = fragment.lines().next().unwrap_or_default().trim();
        let found = self.text[piece.from.clone()].find(shown).filter(|_| !shown.is_empty());
        piece.from.start + found.unwrap_or(0)
    }
}

/// A file's SELECT for Spark.
///
/// # Errors
/// All that is refused, at the analyst's lines.
pub fn select(
    rendered: &Rendered,
    templates: &Templates,
    relations: &Relations<'_>,
) -> Result<Translation, Vec<Problem>> {
    let at_its_line = |refusal: &Refusal| {
        templates.locate(rendered, refusal.at).of(refusal.problem().maybe_on(rendered.date))
    };
    translate(&rendered.sql, relations).map_err(|refusals| refusals.iter().map(at_its_line).collect())
}

/// As `select`, which reads each source by the SELECT of what was known, in its place, and each table by its own name.
pub fn inline(
    rendered: &Rendered,
    templates: &Templates,
    specs: &BTreeMap<String, SourceSpec>,
) -> Result<Translation, Vec<Problem>> {
    let mut known = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, date) in rendered.sources.iter().filter_map(|name| Some((name, rendered.date?))) {
        let Some(spec) = specs.get(name) else { continue };
        match as_of(name, spec, date, &format!("sources.{name}"), templates) {
            Ok(sql) => drop(known.insert(name.clone(), format!("(\n{sql}\n)"))),
            Err(problem) => problems.push(problem),
        }
    }
    let relations = Relations {
        as_of: &|name| known.get(name).cloned().unwrap_or_default(),
        whole: &|name| format!("sources.{name}"),
        table: &str::to_owned,
    };
    match select(rendered, templates, &relations) {
        Ok(translation) if problems.is_empty() => Ok(translation),
        Ok(_) => Err(problems),
        Err(refused) => Err(problems.into_iter().chain(refused).collect()),
    }
}

/// What is refused of a table's checks, at their places in the config.
pub fn refused_checks(file: &str, spec: &TableSpec, templates: &Templates) -> Vec<Problem> {
    let refused = |check: &Check| refused(file, &check.path, &check.expression, templates);
    spec.checks.iter().filter_map(refused).collect()
}

/// What is refused first of an expression, which stands at `path` in the config of a file.
fn refused(file: &str, path: &str, expression: &str, templates: &Templates) -> Option<Problem> {
    const HEAD: &str = "select ";
    let relations = Relations { as_of: &str::to_owned, whole: &str::to_owned, table: &str::to_owned };
    let refusals = translate(&format!("{HEAD}{expression} from t"), &relations).err()?;
    let place = templates.in_config(file, path, refusals[0].at.saturating_sub(HEAD.len()));
    Some(refusals[0].problem().at(place))
}
