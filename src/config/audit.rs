//! `queries/audits/<name>.sql`: a query of rows that a source shows too early.

use anyhow::Result;

use super::Fields;
use crate::template::Rendered;

/// What an audit is rendered for, once each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Each {
    /// Each source: `this`.
    Source,
    /// Each source with each other one: `this` and `other`.
    Other,
    /// Each column of each source: `this` and `column`.
    Column,
    /// Each column with each moment of the source: `this`, `column` and `moment`, a column with a `known_at`.
    Moment,
}

impl Each {
    const NAMES: [(&'static str, Self); 4] = [
        ("source", Self::Source),
        ("other", Self::Other),
        ("column", Self::Column),
        ("moment", Self::Moment),
    ];
}

/// The config of one audit.
#[derive(Debug, Clone)]
pub struct AuditSpec {
    pub each: Each,
    /// Whether it says anything of what it was rendered for.
    pub applies: bool,
    /// What is wrong: `{rows}` in it is the number of rows.
    pub message: String,
    pub hint: String,
    /// Shown at what is said of the rows of the source, though it looks at columns.
    pub is_of_rows: bool,
}

impl AuditSpec {
    pub fn read(rendered: &Rendered, source: &str) -> Result<Self> {
        let mut fields = Fields::new(&rendered.file, source, "", rendered.config.clone());
        fields.text("description")?;
        let each = fields.text("each")?;
        let each =
            Each::NAMES.iter().find(|(name, _)| *name == each).map(|(_, each)| *each).ok_or_else(|| {
                let names = Each::NAMES.map(|(name, _)| name).join(", ");
                fields.wrong("each", format!("`{each}` is none of {names}"))
            })?;
        let spec = Self {
            each,
            applies: fields.flag("applies", true)?,
            message: fields.text("message")?,
            hint: fields.text("hint")?,
            is_of_rows: fields.flag("of_rows", matches!(each, Each::Source | Each::Other))?,
        };
        fields.finish()?;
        Ok(spec)
    }
}
