//! Texts and names as SQL writes them.

/// `'it''s'`: a text literal.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// `"name"`: an identifier, whatever it holds.
pub fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Identifiers, with commas between.
pub fn idents(names: &[String]) -> String {
    joined(names.iter().map(|name| ident(name)), ", ")
}

/// Texts, with `between` between them.
pub fn joined(items: impl IntoIterator<Item = String>, between: &str) -> String {
    items.into_iter().collect::<Vec<_>>().join(between)
}
