//! A strict reader of one map of settings: every key is asked for by name, and what was not asked for is an error.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::problem::{Place, Problem, nearest, suggest};
use crate::sql::Expression;
use crate::template::config;

const IN_THE_QUERY: &str =
    "what a column is stands behind it in the last SELECT: `count(*) as item_count,  -- Items sold`";

/// The keys of one `{...}` of a config, taken one by one.
pub struct Fields<'a> {
    file: &'a str,
    source: &'a str,
    /// Where this map stands, for messages: `candidates.boosting`; empty for the config itself.
    path: String,
    map: Map<String, Value>,
    asked: Vec<&'static str>,
    /// Keys that are given, with nothing in them.
    empty: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub fn new(file: &'a str, source: &'a str, path: &str, map: Map<String, Value>) -> Self {
        Self { file, source, path: path.to_owned(), map, asked: Vec::new(), empty: Vec::new() }
    }

    /// A problem about `key`, at its line.
    pub fn wrong(&self, key: &str, message: impl std::fmt::Display) -> Problem {
        let path = self.path_of(key);
        Problem::usage(format!("config `{path}`: {message}")).at(self.place(&path))
    }

    /// As `wrong`, at one item of the list `key`.
    pub fn wrong_item(&self, key: &str, at: usize, message: impl std::fmt::Display) -> Problem {
        self.wrong(key, message).at(self.place(&format!("{}.{at}", self.path_of(key))))
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The place of what is at `path` of the config.
    fn place(&self, path: &str) -> Place {
        let found = config::nearest_place(self.file, self.source, path);
        found.unwrap_or_else(|| Place::of_word(self.file, self.source, leaf(path)))
    }

    fn take(&mut self, key: &'static str) -> Option<Value> {
        self.asked.push(key);
        let value = self.map.shift_remove(key)?;
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        if is_empty {
            self.empty.push(key);
        }
        Some(value).filter(|value| !value.is_null())
    }

    fn missing(&self, key: &str) -> Problem {
        let inside = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
        self.absent(key, format!("config key `{key}` is missing{inside}"))
    }

    /// That `key` has to be given: at the key itself where nothing is in it, else at what may be meant for it.
    pub fn absent(&self, key: &str, message: impl Into<String>) -> Problem {
        if self.empty.contains(&key) {
            return self.wrong(key, "it is empty");
        }
        let near = nearest(key, self.map.keys().map(String::as_str));
        let place = self.place(&near.map_or_else(|| self.path.clone(), |given| self.path_of(given)));
        Problem::usage(message)
            .at(place)
            .maybe_hint(near.map(|given| format!("there is `{given}`: did you mean `{key}`?")))
    }

    pub fn optional_text(&mut self, key: &'static str) -> Result<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => {
                Err(self.wrong(key, format!("expected a text in quotes, found {}", kind_of(&other))).into())
            }
        }
    }

    pub fn text(&mut self, key: &'static str) -> Result<String> {
        match self.optional_text(key)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.missing(key).into()),
        }
    }

    /// A text, or a list of texts.
    pub fn texts(&mut self, key: &'static str) -> Result<Vec<String>> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| match item {
                    Value::String(text) => Ok(text),
                    other => Err(self
                        .wrong_item(key, at, format!("expected texts, found {}", kind_of(&other)))
                        .into()),
                })
                .collect(),
            Some(other) => {
                Err(self.wrong(key, format!("expected a list of texts, found {}", kind_of(&other))).into())
            }
        }
    }

    /// As `texts`, and at least one.
    pub fn some_texts(&mut self, key: &'static str) -> Result<Vec<String>> {
        let texts = self.texts(key)?;
        if texts.iter().all(|text| text.trim().is_empty()) {
            return Err(self.missing(key).into());
        }
        Ok(texts)
    }

    pub fn flag(&mut self, key: &'static str, default: bool) -> Result<bool> {
        match self.take(key) {
            None => Ok(default),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => {
                Err(self.wrong(key, format!("expected true or false, found {}", kind_of(&other))).into())
            }
        }
    }

    /// A whole number in `range`.
    pub fn whole(
        &mut self,
        key: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<u64> {
        match self.take(key) {
            None => Ok(default),
            Some(value) => match value.as_u64() {
                Some(number) if range.contains(&number) => Ok(number),
                _ => Err(self
                    .wrong(
                        key,
                        format!(
                            "expected a whole number from {} to {}, found {value}",
                            range.start(),
                            range.end()
                        ),
                    )
                    .into()),
            },
        }
    }

    /// A number in `range`.
    pub fn number(
        &mut self,
        key: &'static str,
        default: f64,
        range: std::ops::RangeInclusive<f64>,
    ) -> Result<f64> {
        let Some(value) = self.take(key) else { return Ok(default) };
        value.as_f64().filter(|number| range.contains(number)).ok_or_else(|| {
            let expected = format!("a number from {} to {}", range.start(), range.end());
            self.wrong(key, format!("expected {expected}, found {value}")).into()
        })
    }

    pub fn is_map(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(Value::is_object)
    }

    /// Names with a text each, in their order.
    pub fn text_map(&mut self, key: &'static str) -> Result<Vec<(String, String)>> {
        let map = self.map(key)?;
        let read = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            other => {
                let path = format!("{key}.{name}");
                Err(self.wrong(&path, format!("expected a text in quotes, found {}", kind_of(&other))).into())
            }
        };
        map.into_iter().map(read).collect()
    }

    /// As `text_map`, of SQL.
    pub fn expressions(&mut self, key: &'static str) -> Result<Vec<(String, Expression)>> {
        let texts = self.text_map(key)?;
        texts
            .into_iter()
            .map(|(name, text)| {
                let expression = self.expression(&format!("{key}.{name}"), &text)?;
                Ok((name, expression))
            })
            .collect()
    }

    /// The text at `key` as SQL.
    pub fn expression(&self, key: &str, text: &str) -> Result<Expression> {
        Ok(Expression::of(text).map_err(|error| {
            let path = self.path_of(key);
            let at = config::value_place(self.file, self.source, &path, error.position.unwrap_or(0));
            let problem = self.wrong(key, error.headline());
            Problem { place: at.or(problem.place), ..problem }
                .hint("it is one SQL expression over the columns of a row")
        })?)
    }

    pub fn list(&mut self, key: &'static str) -> Result<Vec<Value>> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => Ok(items),
            Some(other) => Err(self.wrong(key, format!("expected a list, found {}", kind_of(&other))).into()),
        }
    }

    pub fn map(&mut self, key: &'static str) -> Result<Map<String, Value>> {
        match self.take(key) {
            None => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map),
            Some(other) => {
                Err(self.wrong(key, format!("expected {{...}}, found {}", kind_of(&other))).into())
            }
        }
    }

    /// As `map`, with at least one key.
    pub fn some_map(&mut self, key: &'static str) -> Result<Map<String, Value>> {
        let map = self.map(key)?;
        if map.is_empty() { Err(self.missing(key).into()) } else { Ok(map) }
    }

    /// The settings below `key`, which have to be a map.
    pub fn below(&self, key: &str, value: Value) -> Result<Self> {
        let path = self.path_of(key);
        match value {
            Value::Object(map) => Ok(Fields::new(self.file, self.source, &path, map)),
            other => Err(self.wrong(key, format!("expected {{...}}, found {}", kind_of(&other))).into()),
        }
    }

    /// Everything that is left, for a reader of its own.
    pub fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.map)
    }

    /// Fails on the first key that nobody asked for.
    pub fn finish(self) -> Result<()> {
        let Some(unknown) = self.map.keys().next() else {
            return Ok(());
        };
        let hint = if unknown == "columns" {
            Some(IN_THE_QUERY.to_owned())
        } else {
            suggest(unknown, self.asked.iter().copied())
        };
        Err(self.wrong(unknown, "this key is not known").maybe_hint(hint).into())
    }
}

fn leaf(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What `value` is, for messages.
pub fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(flag) => format!("`{flag}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the text '{text}'"),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields<'static> {
        let Value::Object(map) = serde_json::from_str(json).unwrap() else { panic!("not a map") };
        Fields::new("features/x.sql", "{{ config(\n    descripton = 'x') }}", "", map)
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let mut given = fields(r#"{"descripton": "x"}"#);
        given.optional_text("description").unwrap();
        let message = given.finish().unwrap_err().to_string();
        assert!(message.contains("config `descripton`: this key is not known"), "{message}");
        assert!(message.contains("features/x.sql:2:5"), "{message}");
        assert!(message.contains("did you mean `description`?"), "{message}");
    }

    #[test]
    fn a_missing_key_shows_the_slip() {
        let message = fields(r#"{"descripton": "x"}"#).text("description").unwrap_err().to_string();
        assert!(message.contains("`description` is missing"), "{message}");
        assert!(message.contains("there is `descripton`"), "{message}");
    }

    #[test]
    fn types_are_checked() {
        let message = fields(r#"{"validate": "four"}"#).whole("validate", 4, 1..=24).unwrap_err().to_string();
        assert!(message.contains("expected a whole number from 1 to 24"), "{message}");
        let message = fields(r#"{"key": 3}"#).texts("key").unwrap_err().to_string();
        assert!(message.contains("found the number 3"), "{message}");
    }
}
