//! Names for content: the same content, the same name.

use std::collections::BTreeMap;

/// Hashes `parts`, each with its length, so that no two lists of parts run together.
pub fn of(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// Hashes named parts, in the order of their names.
pub fn of_named(parts: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = parts.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    of(&parts)
}

/// SQL without comments and layout: what is left decides what the query does.
///
/// Quoted texts and names stay as they are; runs of white space become one blank.
pub fn normal(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(next) = rest.chars().next() {
        // A comment separates words, as white space does.
        let comment = if rest.starts_with("--") {
            rest.find('\n').or(Some(rest.len()))
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2).or(Some(rest.len()))
        } else {
            None
        };
        let taken = if let Some(length) = comment.or_else(|| next.is_whitespace().then(|| next.len_utf8())) {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
            length
        } else if next == '\'' || next == '"' {
            let end = rest[1..].find(next).map_or(rest.len(), |end| end + 2);
            out.push_str(&rest[..end]);
            end
        } else {
            out.push(next);
            next.len_utf8()
        };
        rest = &rest[taken..];
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_layout_do_not_count() {
        assert_eq!(normal("select 1, -- one\n\n    'a  b' /* x */ from t\n"), "select 1, 'a  b' from t");
        assert_eq!(normal("select 1,\n 'a  b'\nfrom t"), normal("select 1, -- c\n'a  b' from t"));
        assert_ne!(normal("select 'a b'"), normal("select 'a  b'"));
        assert_eq!(normal("select 'it''s -- no comment'"), "select 'it''s -- no comment'");
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
