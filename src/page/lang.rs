//! Languages of a page: its words, and how numbers, money and days are written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;

/// A language of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Lang {
    #[default]
    #[value(name = "en")]
    English,
    #[value(name = "pt-BR")]
    Portuguese,
}

/// Texts by their keys, with `{name}` where a value stands.
type Words = BTreeMap<String, String>;

static WORDS: LazyLock<[Words; 2]> = LazyLock::new(|| {
    [include_str!("words/en.json"), include_str!("words/pt-BR.json")]
        .map(|json| serde_json::from_str(json).unwrap_or_default())
});

impl Lang {
    /// As HTML names it.
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
        }
    }

    pub fn words(self) -> &'static Words {
        &WORDS[self as usize]
    }

    /// The text of a key with its values.
    ///
    /// # Errors
    /// A key that is not there, values that are missing or too many.
    pub fn text(self, key: &str, values: &[(&str, String)]) -> Result<String> {
        let text = self.words().get(key).with_context(|| format!("there is no text `{key}`"))?;
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((head, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}').with_context(|| format!("`{key}` has an open brace"))?;
            let value = values.iter().find(|(other, _)| *other == name);
            let (_, value) = value.with_context(|| format!("`{key}` lacks `{name}`"))?;
            filled.push_str(head);
            filled.push_str(value);
            rest = tail;
        }
        let unused = values.iter().find(|(name, _)| !text.contains(&format!("{{{name}}}")));
        ensure!(unused.is_none(), "`{key}` does not say `{}`", unused.map_or("", |(name, _)| name));
        filled.push_str(rest);
        Ok(filled)
    }

    /// `1,234.50`, or `1.234,50`.
    pub fn number(self, value: f64, digits: usize) -> String {
        let (thousands, point) = match self {
            Self::English => (',', '.'),
            Self::Portuguese => ('.', ','),
        };
        let text = format!("{:.digits$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let mut written = if value < 0.0 && !is_zero { "\u{2212}".to_owned() } else { String::new() };
        for (at, digit) in whole.chars().enumerate() {
            if at > 0 && (whole.len() - at).is_multiple_of(3) {
                written.push(thousands);
            }
            written.push(digit);
        }
        if !fraction.is_empty() {
            written.push(point);
            written.push_str(fraction);
        }
        written
    }

    /// A share as `12.5%`, or `12,5%`.
    pub fn percent(self, share: f64, digits: usize) -> String {
        self.number(share * 100.0, digits) + "%"
    }

    /// `R$ 1,234.50`, or `R$ 1.234,50`.
    pub fn brl(self, value: f64, digits: usize) -> String {
        format!("R$\u{a0}{}", self.number(value, digits))
    }

    /// `2018-06-01`, or `01/06/2018`.
    pub fn day(self, date: NaiveDate) -> String {
        match self {
            Self::English => date.to_string(),
            Self::Portuguese => date.format("%d/%m/%Y").to_string(),
        }
    }
}
