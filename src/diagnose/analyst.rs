//! The problem that an error of DuckDB is for the analyst.

use super::advice::advice;
use super::{placed, syntax};
use crate::problem::{Kind, Problem};
use crate::template::{Located, MISSING_COMMA, Rendered, Templates};
use crate::warehouse::{DAMAGED, SqlError, Warehouse};

/// The problem that `error` is for the analyst: `error.position` counts from the start of `rendered.sql`.
pub fn analyst(
    warehouse: &Warehouse,
    error: SqlError,
    rendered: &Rendered,
    templates: &Templates,
) -> Problem {
    if error.is_damage() {
        return Problem::usage(format!("the database is damaged: {}", error.headline()))
            .maybe_on(rendered.date)
            .hint(DAMAGED);
    }
    if error.is_interrupt() {
        return Problem::usage("the statement was stopped").maybe_on(rendered.date);
    }
    let error = &placed(warehouse, &rendered.sql, error);
    let advice = advice(warehouse, &rendered.sql, error, &templates.readable(rendered.kind));
    let hint = unbraced(&advice.message, rendered, templates);
    let problem = Problem { kind: kind(warehouse, &rendered.sql, error), ..advice };
    let problem = problem.maybe_on(rendered.date).maybe_hint(hint);
    let inside = error.position.filter(|at| rendered.sql.is_char_boundary(*at));
    let Some(mut located) = inside.map(|at| place(error, at, rendered, templates)) else {
        return problem.at_least(&rendered.file, templates.source(&rendered.file));
    };
    if let Some((at, what)) = &error.also {
        let there = templates.locate(rendered, *at).place;
        located.notes.push(format!("{what} at {}:{}", there.file, there.line));
    }
    located.of(problem)
}

/// What Jinja knows and SQL does not was meant for Jinja.
fn unbraced(message: &str, rendered: &Rendered, templates: &Templates) -> Option<String> {
    if let Some(name) = message.strip_prefix("there is no function `") {
        let name = name.trim_end_matches('`');
        return templates.can_call(name).then(|| format!("it is Jinja's: write `{{{{ {name}(…) }}}}`"));
    }
    let name = message.strip_prefix("Referenced column \"")?.split_once('"')?.0;
    let is_set = templates.sets(&rendered.file, name);
    is_set.then(|| format!("it is Jinja's: write `{{{{ {name} }}}}`"))
}

/// The place of byte `at` of the SQL.
fn place(error: &SqlError, at: usize, rendered: &Rendered, templates: &Templates) -> Located {
    let sql = &rendered.sql;
    if error.message == MISSING_COMMA {
        return templates.locate_seam(rendered, syntax::token_behind(sql, at), at);
    }
    if error.message.starts_with("syntax error") {
        let mut located = templates.locate_seam(rendered, syntax::token_before(sql, at), at);
        // What the parser read may have come out of a `{{ … }}`.
        let token = error.message.split('"').nth(1).unwrap_or_default();
        let shown: String = located.place.text.chars().skip(located.place.column.saturating_sub(1)).collect();
        if !shown.to_lowercase().starts_with(&token.to_lowercase()) {
            located.notes.insert(0, format!("the SQL there is: {}", around(sql, at)));
        }
        return located;
    }
    let located = templates.locate(rendered, at);
    // The quote around a value may be a macro's, and the value the caller's.
    let value = sql[at..].starts_with('\'').then(|| templates.locate(rendered, at + 1));
    let is_apart = |value: &Located| {
        (&value.place.file, value.place.line, value.place.column)
            != (&located.place.file, located.place.line, located.place.column + 1)
    };
    value.filter(is_apart).unwrap_or(located)
}

/// The SQL before and behind byte `at`, in one line.
fn around(sql: &str, at: usize) -> String {
    const WIDE: usize = 40;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (before, behind) = sql.split_at(at);
    let skip = before.chars().count().saturating_sub(WIDE);
    let before: String = before.chars().skip(skip).collect();
    let more = if behind.chars().count() > WIDE { " …" } else { "" };
    let behind: String = behind.chars().take(WIDE).collect();
    format!("{}{}{more}", if skip > 0 { "… " } else { "" }, words(&format!("{before}{behind}")))
}

/// Whose mistake it is. What fails in rows alone is the data's; a query that cannot even be bound is never right.
pub fn kind(warehouse: &Warehouse, sql: &str, error: &SqlError) -> Kind {
    let of_rows = ["Conversion", "Out of Range", "Invalid Input", "Constraint"];
    if !of_rows.contains(&error.class.as_str()) || error.message.contains("Unimplemented type for cast") {
        return Kind::Usage;
    }
    let bound = warehouse.another().ok().and_then(|other| super::describe(&other, sql).err());
    if bound.is_some_and(|other| other.is_like(error)) { Kind::Usage } else { Kind::Data }
}
