//! `config`, `source`, `ref`, `outcome`, `var` and `raw`: the functions of every file.

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::scope::{self, Kind, Scope};

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

fn with_scope<T>(state: &State<'_, '_>, act: impl FnOnce(&Scope) -> Result<T, Error>) -> Result<T, Error> {
    let value =
        state.lookup(scope::NAME).ok_or_else(|| invalid("functions work only while a file is rendered"))?;
    let scope = value
        .downcast_object_ref::<Scope>()
        .ok_or_else(|| invalid(format!("`{}` is reserved", scope::NAME)))?;
    act(scope)
}

#[expect(clippy::needless_pass_by_value, reason = "minijinja hands arguments over")]
fn config(state: &mut State<'_, '_>, settings: Kwargs) -> Result<&'static str, Error> {
    let mut map = serde_json::Map::new();
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
    with_scope(state, |scope| {
        let mut trace = scope.note();
        if trace.config.is_some() {
            return Err(invalid("config(...) stands once in a file, at its top"));
        }
        trace.config = Some(map);
        Ok("")
    })
}

fn source(state: &mut State<'_, '_>, name: &str) -> Result<String, Error> {
    with_scope(state, |scope| {
        scope.note().sources.insert(name.to_owned());
        let schema = format!("{}sources", scope.seal);
        match (scope.kind, scope.date) {
            (Kind::Source, _) => Ok(format!("{schema}.{name}")),
            (Kind::Feature | Kind::Abt, Some(date)) => Ok(format!("{schema}.{name}_as_of(date '{date}')")),
            (Kind::Model, _) => Err(invalid("a model reads its ABT, not sources: use ref('abt.…')")),
            _ => Err(invalid("source() is for features/ and abt/")),
        }
    })
}

fn outcome(state: &mut State<'_, '_>, name: &str) -> Result<String, Error> {
    with_scope(state, |scope| {
        if scope.kind != Kind::Abt {
            return Err(invalid("outcome() shows the future: it is for the label of an ABT, in abt/ only"));
        }
        scope.note().outcomes.insert(name.to_owned());
        Ok(format!("{}sources.{name}", scope.seal))
    })
}

fn reference(state: &mut State<'_, '_>, name: &str) -> Result<String, Error> {
    with_scope(state, |scope| {
        let Some((folder, _)) = name.split_once('.') else {
            return Err(invalid(format!(
                "`{name}` has no folder: write ref('features.{name}') or ref('abt.{name}')"
            )));
        };
        let allowed: &[&str] = match scope.kind {
            Kind::Feature => &["features"],
            Kind::Abt | Kind::Model => &["features", "abt"],
            Kind::Report => &["features", "abt", "scores"],
            Kind::Sample => &["sample"],
            Kind::Source => &[],
        };
        if !allowed.contains(&folder) {
            let may = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            return Err(invalid(format!("ref('{name}') is not possible here: this file may refer to {may}")));
        }
        scope.note().refs.insert(name.to_owned());
        match scope.date {
            Some(date) => Ok(format!("(from {}{name} where reference_date = date '{date}')", scope.seal)),
            // The sample is made beside the warehouse, in memory.
            None if scope.kind == Kind::Sample => Ok(format!("memory.{name}")),
            None => Ok(name.to_owned()),
        }
    })
}

fn var(state: &mut State<'_, '_>, name: &str, default: Option<Value>) -> Result<Value, Error> {
    with_scope(state, |scope| match (scope.vars.get(name), default) {
        (Some(value), _) => Ok(typed(value)),
        (None, Some(default)) => Ok(default),
        (None, None) => {
            Err(invalid(format!("var('{name}') has no value: give --var {name}=VALUE, or a default here")))
        }
    })
}

/// A number given on the command line is a number in the template.
fn typed(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return Value::from(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::from(number),
        _ => Value::from(text),
    }
}

fn raw(state: &mut State<'_, '_>) -> Result<String, Error> {
    with_scope(state, |scope| {
        scope
            .raw
            .clone()
            .ok_or_else(|| invalid("raw() is the file that a source is read from: queries/sources/ only"))
    })
}
