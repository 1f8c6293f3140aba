//! DuckDB's errors in the analyst's words: what is not there, what is near it, and what to do.

use crate::problem::{Problem, nearest};
use crate::sql::tree;
use crate::warehouse::{SqlError, Warehouse};

const NO_VALUE: &str = "`try_cast(… as …)` gives NULL where a value cannot be converted";
const NO_PATTERN: &str =
    "the pattern is not a regular expression: before a sign that is meant as it stands goes a `\\`";

/// What helps against a message with this in it.
const HINTS: [(&str, &str); 24] = [
    ("Could not convert", NO_VALUE),
    ("Conversion Error", NO_VALUE),
    ("Could not parse string", "`try_strptime(…)` gives NULL where the text has another form"),
    ("invalid date", "a date is written '2018-03-01'; `try_cast(… as date)` gives NULL where it is none"),
    (
        "Division by zero",
        "the macro `ratio` says what a zero denominator gives; `nullif(…, 0)` makes it NULL",
    ),
    ("Overflow in", "compute with a larger type: `x::double * y`, or `x::hugeint * y`"),
    ("More than one row returned", "an aggregate, such as max(…), or `limit 1` leaves one row"),
    (
        "must appear in the GROUP BY",
        "group by it as well, or take an aggregate of it, such as max(…) or any_value(…)",
    ),
    ("an explicit cast is required", "a cast says what is meant, for example `x::date` or `x::integer`"),
    ("add explicit type casts", "a cast says what is meant, for example `x::double` or `x::timestamp`"),
    ("cannot be cast to", "these types do not go together: is it the right column?"),
    (
        "need the extension icu",
        "write the day itself, such as date '2018-06-01'; moments are in local time, and `+ interval 3 hour` shifts one",
    ),
    ("has no value", "`{{ var('name', default) }}` takes a value from outside, with --var name=value"),
    ("Ambiguous reference to column", "put the table's name before it, and a dot"),
    ("same number of result columns", "every SELECT of a UNION gives the same columns in the same order"),
    ("missing ]", NO_PATTERN),
    ("missing )", NO_PATTERN),
    ("WHERE clause cannot contain aggregates", "`having …` behind GROUP BY filters by aggregates"),
    ("WHERE clause cannot contain window", "`qualify …` filters by window functions"),
    ("Window functions are not supported here", "a window function takes `over (…)`"),
    ("columns - expected 1", "a subquery that stands for a value gives one column"),
    ("syntax error", "is a comma, a bracket or a word missing before it?"),
    ("query ends too early", "is something missing behind the last word?"),
    ("only a SELECT is run here", "write it as one SELECT; a `pivot` needs its `in (…)`"),
];

/// Functions of other engines, and what is written here.
const FOREIGN: [(&str, &str); 10] = [
    ("=>", "`>=` compares"),
    ("dateadd", "the macros `days_after(d, n)`, `days_before(d, n)` and `months_before(d, n)` shift dates"),
    ("date_sub", "the macros `days_before(d, n)` and `months_before(d, n)` shift dates"),
    ("getdate", "`{{ reference_date }}` is the day that counts"),
    ("to_date", "`cast(… as date)`, or `strptime(…, '%d/%m/%Y')::date` for another form"),
    ("to_timestamp", "`cast(… as timestamp)`, or `strptime(…, '%d/%m/%Y %H:%M')` for another form"),
    ("nvl", "`coalesce(…)` gives the first value that is not NULL"),
    ("isnull", "`… is null` tests it, `coalesce(…)` replaces it"),
    ("iff", "`case when … then … else … end`"),
    ("charindex", "`strpos(text, part)`"),
];

/// Signs that look like those of SQL.
const LOOKALIKES: [(&str, &str); 5] = [
    ("‘’“”´", "'…' around a text"),
    ("–", "`-`"),
    ("—", "`-`, and `--` before a comment"),
    ("，", "`,`"),
    ("；", "`;`"),
];

/// Signs of other languages, by the types that they do not take.
const SIGNS: [(&str, &str); 3] = [
    ("types '&&(", "write `and`"),
    ("'+(STRING_LITERAL, ", "`||` joins texts, `+` adds numbers"),
    ("'+(VARCHAR, VARCHAR", "`||` joins texts, `+` adds numbers"),
];

const DATE_PARTS: [&str; 8] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/// What to say of `error`, which `sql` gave. `tables` are the project's: `sources.orders`, `features.seller_sales`.
pub fn advice(warehouse: &Warehouse, sql: &str, error: &SqlError, tables: &[String]) -> Problem {
    let missing = missing_table(sql, error, tables)
        .or_else(|| missing_column(warehouse, sql, error))
        .or_else(|| missing_function(error));
    missing.unwrap_or_else(|| {
        let message = plain(error);
        let known = HINTS.iter().find(|(part, _)| message.contains(part)).map(|(_, hint)| (*hint).to_owned());
        let hint = meant(sql, error, &message).or(error.near()).or(known);
        Problem::usage(message).maybe_hint(hint)
    })
}

/// What is written by hand and looks right: other quotes, a text in the quotes of a name, the part of a date without any.
fn meant(sql: &str, error: &SqlError, message: &str) -> Option<String> {
    let sign_of = |signs: &str| signs.chars().find(|sign| message.contains(*sign));
    if let Some((sign, own)) = LOOKALIKES.iter().find_map(|(signs, own)| Some((sign_of(signs)?, own))) {
        return Some(format!("`{sign}` comes from a word processor: SQL has {own}"));
    }
    if let Some((_, hint)) = SIGNS.iter().find(|(types, _)| message.contains(types)) {
        return Some((*hint).to_owned());
    }
    let name = message.strip_prefix("Referenced column \"")?.split_once('"')?.0;
    let at = error.position?;
    if sql.get(at..)?.starts_with('"') {
        return Some(format!("names stand in double quotes; a text stands in single ones: '{name}'"));
    }
    let is_first =
        sql[..at].trim_end().ends_with('(') && sql[at + name.len()..].trim_start().starts_with(',');
    (is_first && DATE_PARTS.contains(&name)).then(|| format!("the part of a date is a text: '{name}'"))
}

/// The message, where DuckDB's own is of its insides.
fn plain(error: &SqlError) -> String {
    let within = |start: &str, end: &str| {
        let (_, rest) = error.message.split_once(start)?;
        Some(rest.split_once(end)?.0.to_owned())
    };
    if let Some((from, to)) =
        within("Unimplemented type for cast (", ")").as_deref().and_then(|types| types.split_once(" -> "))
    {
        return format!("{from} cannot be cast to {to}");
    }
    if let Some(name) = within("Column \"", "\" in EXCLUDE list") {
        return format!("there is no column `{name}`");
    }
    if error.class == "Extension Autoloading" {
        return "clocks and time zones are not built in: they need the extension icu".to_owned();
    }
    error.headline()
}

/// A column that an alias does not have. DuckDB says what is near it when it is asked without the alias.
fn missing_column(warehouse: &Warehouse, sql: &str, error: &SqlError) -> Option<Problem> {
    let (of, name) = error.message.lines().next()?.split_once(" does not have a column named ")?;
    let (alias, name) = (of.split('"').nth(1)?, name.trim_matches('"'));
    let from = error.position?;
    let to = from + sql.get(from..)?.to_ascii_lowercase().find(&name.to_ascii_lowercase())?;
    let plain = format!("{}{}", &sql[..from], sql.get(to..)?);
    let hint = match super::describe(&warehouse.another().ok()?, &plain) {
        Ok(_) => Some(format!("another table of this query has `{name}`")),
        Err(other) => {
            let own = |near: &str| match near.split_once('.') {
                Some((table, name)) => (table == alias).then(|| name.to_owned()),
                None => Some(near.to_owned()),
            };
            let near = other.candidates.unwrap_or_default();
            let near: Vec<String> = near.split(',').filter_map(|near| own(near.trim())).collect();
            let is_any = near.first().is_some_and(|first| !first.is_empty());
            is_any.then(|| format!("near it there is: {}", near.join(", ")))
        }
    };
    Some(Problem::usage(format!("column `{name}` is not in `{alias}`")).maybe_hint(hint))
}

/// A table that is not there: the CTEs of the query and the tables of the project are near it, the system's are not. A
/// table is never to be named by its schema: only `source` and `ref` hide what was not known yet.
fn missing_table(sql: &str, error: &SqlError, tables: &[String]) -> Option<Problem> {
    let (_, rest) = error.message.split_once("Table with name ")?;
    let name = rest.split_once(" does not exist")?.0.trim_matches('"');
    // As it is written: DuckDB leaves a schema out that is there.
    let written = error.position.and_then(|at| sql.get(at..)).unwrap_or_default();
    let length =
        written.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(written.len());
    let name = if written[..length].ends_with(name) { &written[..length] } else { name };
    let last = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
    let query = tree::query(sql).unwrap_or_default();
    let ctes: Vec<String> = tree::ctes(&query).map(|(name, _)| name).collect();
    let plain = |table: &String| table.rsplit('.').next().unwrap_or(table).to_owned();
    let call = |table: &String| match table.strip_prefix("sources.") {
        Some(source) => format!("{{{{ source('{source}') }}}}"),
        None => format!("{{{{ ref('{table}') }}}}"),
    };
    let same =
        tables.iter().find(|table| *table == name).or_else(|| tables.iter().find(|t| plain(t) == last));
    let hint = if let Some(table) = same {
        format!("write `{}`: what was known at the reference date", call(table))
    } else {
        // With its schema a name is near the one of that schema.
        let whole = tables.iter().filter(|_| name.contains('.')).map(String::as_str);
        let near = nearest(name, whole).map(str::to_owned);
        let names = ctes.iter().cloned().chain(tables.iter().map(plain)).collect::<Vec<_>>();
        let near = near.or_else(|| nearest(&last, names.iter().map(String::as_str)).map(str::to_owned));
        match near {
            Some(near) if ctes.contains(&near) && near == last => {
                format!("the CTE `{near}` begins further down: a CTE reads those above it")
            }
            Some(near) if ctes.contains(&near) => format!("did you mean the CTE `{near}`?"),
            Some(near) => {
                let table = tables.iter().find(|table| **table == near || plain(table) == near);
                format!("did you mean `{}`?", table.map_or(near.clone(), call))
            }
            None if ctes.is_empty() => "`{{ source('…') }}` and `{{ ref('…') }}` give tables".to_owned(),
            None => format!("the CTEs here are: {}", ctes.join(", ")),
        }
    };
    Some(Problem::usage(format!("there is no table `{name}`")).hint(hint))
}

fn missing_function(error: &SqlError) -> Option<Problem> {
    let (_, rest) = error.message.split_once("Function with name ")?;
    let name = rest.split_once(" does not exist")?.0.trim_matches('"');
    let known = FOREIGN.iter().find(|(foreign, _)| name.eq_ignore_ascii_case(foreign));
    let hint = known.map(|(_, hint)| (*hint).to_owned()).or_else(|| error.near());
    Some(Problem::usage(format!("there is no function `{name}`")).maybe_hint(hint))
}
