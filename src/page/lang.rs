//! Languages of a page: its words, and how numbers, money and days are written.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use clap::ValueEnum;

use crate::term::grouped;

/// A language of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
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
    pub fn code(self) -> String {
        self.to_possible_value().map_or_else(String::new, |code| code.get_name().to_owned())
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
        for (name, _) in values {
            ensure!(text.contains(&format!("{{{name}}}")), "`{key}` does not say `{name}`");
        }
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').with_context(|| format!("`{key}` has an open brace"))?;
            let value = values.iter().find(|(other, _)| *other == name);
            filled += value.map(|(_, value)| value).with_context(|| format!("`{key}` lacks `{name}`"))?;
            filled += rest;
        }
        Ok(filled)
    }

    /// `1,234.50`, or `1.234,50`.
    pub fn number(self, value: f64, digits: usize) -> String {
        let digits = format!("{:.digits$}", value.abs());
        let is_zero = digits.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        let sign = if value < 0.0 && !is_zero { "\u{2212}" } else { "" };
        let number = sign.to_owned() + &grouped(&digits);
        match self {
            Self::English => number,
            Self::Portuguese => {
                let turned = |c| match c {
                    ',' => '.',
                    '.' => ',',
                    other => other,
                };
                number.chars().map(turned).collect()
            }
        }
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
