//! `config`, `source`, `ref`, `outcome`, `var` and `raw`: the functions of every file.

#![expect(clippy::needless_pass_by_value, reason = "minijinja hands arguments over")]

use std::collections::BTreeSet;
use std::sync::Arc;

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::Config;
use super::scope::{self, Kind, Scope};
use crate::problem::{Problem, suggest};

/// The message of a second config in one rendering.
pub const CONFIG_AGAIN: &str = "config(...) stands once in a file, at its top";

pub fn register(env: &mut Environment<'static>) {
    env.add_function("config", config);
    env.add_function("source", source);
    env.add_function("ref", reference);
    env.add_function("outcome", outcome);
    env.add_function("var", var);
    env.add_function("raw", raw);
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// With its hint, which `explained` takes out again.
fn told(problem: Problem) -> Error {
    invalid(problem.message.clone()).with_source(problem)
}

fn scope_of(state: &State<'_, '_>) -> Result<Arc<Scope>, Error> {
    let value =
        state.lookup(scope::NAME).ok_or_else(|| invalid("functions work only while a file is rendered"))?;
    value.downcast_object::<Scope>().ok_or_else(|| invalid(format!("`{}` is reserved", scope::NAME)))
}

fn config(state: &mut State<'_, '_>, settings: Kwargs) -> Result<&'static str, Error> {
    let mut map = Config::new();
    for key in settings.args() {
        let value: Value = settings.get(key)?;
        if value.is_undefined() {
            return Err(invalid(format!("config `{key}`: this value is undefined")));
        }
        let value =
            serde_json::to_value(&value).map_err(|error| invalid(format!("config key `{key}`: {error}")))?;
        map.insert(key.to_owned(), value);
    }
    settings.assert_all_used()?;
    match scope_of(state)?.calls().config.replace(map) {
        Some(_) => Err(invalid(CONFIG_AGAIN)),
        None => Ok(""),
    }
}

/// The name that a function is called with.
fn name_of(name: &Value) -> Result<&str, Error> {
    if name.is_undefined() {
        return Err(ErrorKind::UndefinedError.into());
    }
    name.as_str().ok_or_else(|| invalid(format!("expected a name in quotes, found {name}")))
}

/// Fails where `name` is none of `known`; `what` is what they are.
fn check_known(what: &str, name: &str, known: &BTreeSet<String>) -> Result<(), Error> {
    if known.contains(name) {
        return Ok(());
    }
    // `sources.orders` means `orders`; the names of tables have their folder.
    let last = name.rsplit('.').next().unwrap_or_default();
    let meant = if what == "source" { last } else { name };
    let hint = suggest(meant, known.iter().map(String::as_str));
    Err(told(Problem::usage(format!("there is no {what} `{name}`")).maybe_hint(hint)))
}

fn source(state: &mut State<'_, '_>, name: Value) -> Result<String, Error> {
    let (name, scope) = (name_of(&name)?, scope_of(state)?);
    let schema = format!("{}sources", scope.globals.seal);
    let relation = match (scope.kind, scope.date) {
        (Kind::Source, _) => format!("{schema}.{name}"),
        (Kind::Feature | Kind::Abt | Kind::Audit, Some(date)) => {
            format!("{schema}.{name}_as_of(date '{date}')")
        }
        (Kind::Model, _) => return Err(invalid("a model reads its ABT, not sources: use ref('abt.…')")),
        _ => return Err(invalid("source() is for features/ and abt/")),
    };
    check_known("source", name, &scope.globals.sources)?;
    scope.calls().sources.insert(name.to_owned());
    Ok(relation)
}

fn outcome(state: &mut State<'_, '_>, name: Value) -> Result<String, Error> {
    let (name, scope) = (name_of(&name)?, scope_of(state)?);
    if !matches!(scope.kind, Kind::Abt | Kind::Audit) {
        return Err(invalid("outcome() shows the future: it is for the label of an ABT, in abt/ only"));
    }
    check_known("source", name, &scope.globals.sources)?;
    scope.calls().outcomes.insert(name.to_owned());
    let relation = format!("{}sources.{name}", scope.globals.seal);
    Ok(match scope.date {
        Some(date) if scope.globals.is_blind => format!("{relation}_as_of(date '{date}')"),
        _ => relation,
    })
}

fn reference(state: &mut State<'_, '_>, name: Value) -> Result<String, Error> {
    let (name, scope) = (name_of(&name)?, scope_of(state)?);
    let Some((folder, _)) = name.split_once('.') else {
        return Err(invalid(format!(
            "`{name}` has no folder: write ref('features.{name}') or ref('abt.{name}')"
        )));
    };
    let allowed = scope.kind.refers_to();
    if !allowed.contains(&folder) {
        let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
        return Err(invalid(format!("ref('{name}') is not possible here: this file may refer to {may}")));
    }
    check_known("table", name, &scope.globals.tables(scope.kind))?;
    scope.calls().refs.insert(name.to_owned());
    Ok(match scope.date {
        Some(date) => format!("(from {}{name} where reference_date = date '{date}')", scope.globals.seal),
        // The sample is made beside the warehouse, in memory.
        None if scope.kind == Kind::Sample => format!("memory.{name}"),
        None => name.to_owned(),
    })
}

fn var(state: &mut State<'_, '_>, name: Value, default: Option<Value>) -> Result<Value, Error> {
    let (name, scope) = (name_of(&name)?, scope_of(state)?);
    match (scope.globals.vars.get(name), default) {
        (Some(text), Some(default)) => typed(name, text, &default),
        (Some(text), None) => Ok(Value::from(text)),
        (None, Some(default)) => Ok(default),
        (None, None) => {
            Err(invalid(format!("var('{name}') has no value: give --var {name}=VALUE, or a default here")))
        }
    }
}

/// What stands on the command line, as a value of the default's type. It may be a secret, and is not told.
fn typed(name: &str, text: &str, default: &Value) -> Result<Value, Error> {
    let (value, expected) = match default.kind() {
        ValueKind::Bool => (text.parse::<bool>().ok().map(Value::from), "true or false"),
        ValueKind::Number if default.is_integer() => {
            (text.parse::<i64>().ok().map(Value::from), "a whole number")
        }
        ValueKind::Number => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            (number.map(Value::from), "a number")
        }
        ValueKind::Seq | ValueKind::Map => {
            let value = serde_json::from_str::<Value>(text).ok();
            (value.filter(|value| value.kind() == default.kind()), "a list or map as JSON")
        }
        _ => (Some(Value::from(text)), "a text"),
    };
    value.ok_or_else(|| {
        let problem = Problem::usage(format!("--var {name} has to be {expected} here"));
        told(
            problem
                .hint(format!("the default {default} says what it is; a default in quotes takes any text")),
        )
    })
}

fn raw(state: &mut State<'_, '_>) -> Result<String, Error> {
    let nowhere = || invalid("raw() is the file that a source is read from: queries/sources/ only");
    scope_of(state)?.raw.clone().ok_or_else(nowhere)
}
