//! The words of a command line, before clap reads them.

use std::ffi::OsString;

/// The program's arguments. SQL that begins with a comment begins like an option: a new line before it says that it is none.
pub fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().map(|argument| match argument.to_str() {
        Some(text) if is_commented(text) => format!("\n{text}").into(),
        _ => argument,
    })
}

/// Whether this is a comment with something below it, and no `--option=value`.
pub fn is_commented(text: &str) -> bool {
    let Some((first, _)) = text.strip_prefix("--").and_then(|text| text.split_once('\n')) else {
        return false;
    };
    let name = first.split('=').next().unwrap_or_default();
    !first.contains('=') || name.is_empty() || name.contains(|c: char| !c.is_ascii_lowercase() && c != '-')
}
