//! `config(...)` of one file: read by serde, and its mistakes told at the key's own line and column.

use std::fmt;
use std::marker::PhantomData;

use anyhow::Result;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::problem::{Problem, suggest};
use crate::sql::AT_BYTE;
use crate::template::Rendered;
use crate::template::config::Keys;

/// The config of a rendered file, with the file's text, where its keys stand.
#[derive(Clone, Copy)]
pub struct Config<'a> {
    file: &'a str,
    source: &'a str,
    map: &'a Map<String, Value>,
}

impl<'a> Config<'a> {
    pub fn new(rendered: &'a Rendered, source: &'a str) -> Self {
        Self { file: &rendered.file, source, map: &rendered.config }
    }

    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        self.read_at("", self.map.clone())
    }

    /// Reads `value`, which stands at `path` of the config. A key that is given as `none` is not given.
    pub fn read_at<T: DeserializeOwned>(&self, path: &str, value: impl Into<Value>) -> Result<T> {
        let mut value = value.into();
        drop_nulls(&mut value);
        serde_path_to_error::deserialize(&value).map_err(|error| {
            let inner = error.path().to_string().replace(['[', ']'], ".").replace("..", ".");
            let path = joined(path, inner.trim_matches('.'));
            let error = error.into_inner().to_string();
            let (error, hint) = error.split_once('\n').unwrap_or((&error, ""));
            let hint = (!hint.is_empty()).then(|| hint.to_owned());
            let mut names = error.split('`').skip(1).step_by(2);
            if error.starts_with("unknown field") {
                let key = names.next().unwrap_or_default();
                // serde names the map that has the key, or the key itself.
                let path = if path.rsplit('.').next() == Some(key) { path } else { joined(&path, key) };
                return self.wrong(&path, "this key is not known").maybe_hint(suggest(key, names)).into();
            }
            if error.starts_with("unknown variant") {
                let given = names.next().unwrap_or_default();
                let wrong = self.wrong(&path, format!("`{given}` is not known"));
                return wrong.maybe_hint(suggest(given, names)).into();
            }
            if error.starts_with("missing field") {
                return self.missing(&path, names.next().unwrap_or_default()).into();
            }
            if let Some((_, expected)) =
                error.strip_prefix("invalid ").and_then(|e| e.split_once(", expected "))
            {
                let found = self.at(&path).map_or_else(String::new, described);
                let expected = in_words(expected);
                return self
                    .wrong(&path, format!("expected {expected}, found {found}"))
                    .maybe_hint(hint)
                    .into();
            }
            if let Some((at, message)) = error.strip_prefix(AT_BYTE).and_then(|error| error.split_once(": "))
            {
                let at = self.keys().value(&path, at.parse().unwrap_or(0));
                let problem = self.wrong(&path, message);
                let hint = "it is one SQL expression over the columns of a row";
                return Problem { place: at.or(problem.place.clone()), ..problem }.hint(hint).into();
            }
            self.wrong(&path, error).maybe_hint(hint).into()
        })
    }

    fn keys(&self) -> Keys<'a> {
        Keys::read(self.file, self.source)
    }

    fn at(&self, path: &str) -> Option<&Value> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let pointer = format!("/{}", rest.replace('.', "/"));
        let value = self.map.get(first)?;
        if rest.is_empty() { Some(value) } else { value.pointer(&pointer) }
    }

    pub fn has(&self, key: &str) -> bool {
        self.at(key).is_some_and(|value| !value.is_null())
    }

    /// A problem about what is at `path`, at its line.
    pub fn wrong(&self, path: &str, message: impl fmt::Display) -> Problem {
        // The place shows which item of a list it is.
        let (key, last) = path.rsplit_once('.').unwrap_or((path, ""));
        let key = if last.parse::<usize>().is_ok() { key } else { path };
        let problem = Problem::usage(format!("config `{key}`: {message}"));
        Problem { place: self.keys().key(path), ..problem }.at_least(self.file, self.source)
    }

    /// That the map at `path` lacks `key`.
    pub fn missing(&self, path: &str, key: &str) -> Problem {
        let whole = joined(path, key);
        if self.at(&whole).is_some() {
            return self.wrong(&whole, "it is empty");
        }
        let inside = if path.is_empty() { String::new() } else { format!(" in `{path}`") };
        Problem { message: format!("config key `{key}` is missing{inside}"), ..self.wrong(path, "") }
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// serde's own words for the simple types are a programmer's.
fn in_words(expected: &str) -> &str {
    match expected {
        "a string" => "a text in quotes",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "{...}",
        other if other.starts_with("struct ") => "{...}",
        other => other,
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text '{text}'"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

fn joined(path: &str, key: &str) -> String {
    let dot = if path.is_empty() || key.is_empty() { "" } else { "." };
    format!("{path}{dot}{key}")
}

fn is_empty<E: Error>() -> E {
    E::custom("it is empty")
}

pub const fn yes() -> bool {
    true
}

/// A text that is not blank.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.trim().is_empty() { Err(is_empty()) } else { Ok(text) }
}

/// A text that may be written over several lines, as one.
pub fn description<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text(deserializer)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// As `text`, where the key may be left out.
pub fn maybe_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    text(deserializer).map(Some)
}

/// A text or a list of texts, at least one.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;
    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of texts")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(vec![text.to_owned()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vec<String>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(items))
        }
    }
    let texts = deserializer.deserialize_any(Texts)?;
    if texts.iter().all(|text| text.trim().is_empty()) { Err(is_empty()) } else { Ok(texts) }
}

/// As `texts`, each of them once.
pub fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = texts(deserializer)?;
    for (at, name) in names.iter().enumerate() {
        if names[..at].iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(D::Error::custom(format!("`{name}` is given twice")));
        }
    }
    Ok(names)
}

/// Names with a value each, in their order.
pub fn pairs<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, T)>, D::Error> {
    struct Pairs<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
        type Value = Vec<(String, T)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("{...}")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs(PhantomData))
}

/// As `pairs`, at least one.
pub fn some_pairs<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(String, T)>, D::Error> {
    let pairs = pairs(deserializer)?;
    if pairs.is_empty() { Err(is_empty()) } else { Ok(pairs) }
}
