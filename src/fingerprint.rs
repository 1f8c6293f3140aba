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
