//! How a file of a mistake is read: what is done to a project, the commands, and what they say.
//!
//! ```text
//! # Comments, and `start: raw` where the project does not start as the others do.
//! === features/slip.sql ===
//! a whole file, with `‸` where the caret has to stand, or `¦` in the line that has to be shown
//!
//! === edit models/seller_churn.sql ===
//! - what is replaced, once
//! + what it becomes
//!
//! === olist -q run --date 2018-06-01 ===
//! exit code 2
//! error: what is said, with [..] for what differs from run to run
//! ```
//! Behind a file's name may stand `(bom)`, `(crlf)` and `(no end of line)`.

use std::path::Path;

use olist::project::Project;

use crate::support::Place;

/// What is done to one file.
pub struct Change {
    pub file: String,
    /// What is replaced; `None`: the whole file.
    from: Option<String>,
    to: String,
    flags: String,
}

/// A command, and what is expected of it.
pub struct Call {
    pub line: String,
    /// `None` until it is blessed for the first time.
    pub code: Option<i32>,
    /// `None`: anything may be said.
    pub stderr: Option<String>,
}

pub struct Mistake {
    /// `sql/overflow`
    pub name: String,
    pub start: String,
    pub changes: Vec<Change>,
    pub calls: Vec<Call>,
    /// Everything before the first command, as written.
    head: String,
}

impl Mistake {
    pub fn read(path: &Path, name: &str) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let mut mistake = Self {
            name: name.to_owned(),
            start: "sample".to_owned(),
            changes: Vec::new(),
            calls: Vec::new(),
            head: String::new(),
        };
        let mut parts = text.split("=== ");
        let comment = parts.next().unwrap_or_default();
        for line in comment.lines() {
            let line = line.trim_start_matches('#').trim();
            if let Some(start) = line.strip_prefix("start: ") {
                start.clone_into(&mut mistake.start);
            }
        }
        comment.clone_into(&mut mistake.head);
        for part in parts {
            let (title, body) = part.split_once(" ===\n").unwrap_or_else(|| panic!("{name}: === {part}"));
            if title.starts_with("olist ") {
                mistake.calls.push(call(title, body));
            } else {
                assert!(mistake.calls.is_empty(), "{name}: {title} stands below a command");
                mistake.changes.push(change(title, body));
                mistake.head.extend(["=== ", part]);
            }
        }
        assert!(!mistake.calls.is_empty(), "{name}: no command");
        mistake
    }

    /// The file with what the commands give now.
    pub fn text(&self) -> String {
        let calls = self.calls.iter().map(|call| {
            let code = call.code.map(|code| format!("exit code {code}\n")).unwrap_or_default();
            format!("=== {} ===\n{code}{}", call.line, call.stderr.as_deref().unwrap_or_default())
        });
        format!("{}{}", self.head, calls.collect::<Vec<_>>().join("\n"))
    }

    /// Plants it; gives the place that has to be shown, if one is marked.
    pub fn plant(&self, place: &Place) -> Option<String> {
        // The model of a sample is a faster one than what analysts edit.
        let models = Project::built_in();
        let edited =
            |file: &str| self.changes.iter().any(|change| change.file == file && change.from.is_some());
        for (file, text) in models.files().filter(|(file, _)| file.starts_with("models/") && edited(file)) {
            place.write(file, text);
        }
        let mut expected = None;
        for change in &self.changes {
            let text = change.text(place);
            expected = expected.or_else(|| marked(&change.file, &text));
            let text = text.replace(['‸', '¦'], "");
            let text = if change.flags.contains("crlf") { text.replace('\n', "\r\n") } else { text };
            let bom = if change.flags.contains("bom") { "\u{feff}" } else { "" };
            place.write(&change.file, format!("{bom}{text}"));
        }
        expected
    }
}

impl Change {
    fn text(&self, place: &Place) -> String {
        let Some(from) = &self.from else { return self.to.clone() };
        let text = place.read(&self.file);
        assert!(text.contains(from), "`{from}` is not in {}", self.file);
        text.replacen(from, &self.to, 1)
    }
}

fn call(title: &str, body: &str) -> Call {
    let (code, rest) = match body.strip_prefix("exit code ").and_then(|rest| rest.split_once('\n')) {
        Some((code, rest)) => (Some(code.parse().unwrap()), rest),
        None => (None, body),
    };
    let stderr = Some(rest.trim_end()).filter(|rest| !rest.is_empty()).map(|rest| format!("{rest}\n"));
    Call { line: title.to_owned(), code, stderr }
}

fn change(title: &str, body: &str) -> Change {
    let (file, flags) = title.split_once(" (").unwrap_or((title, ""));
    // The empty line before the next section is no part of the file.
    let body = body.strip_suffix("\n\n").map_or(body.to_owned(), |body| format!("{body}\n"));
    let Some(file) = file.strip_prefix("edit ") else {
        let to = if flags.contains("no end of line") { body.trim_end_matches('\n') } else { &body };
        return Change { file: file.to_owned(), from: None, to: to.to_owned(), flags: flags.to_owned() };
    };
    let side = |mark: &str| {
        let lines = body.lines().filter_map(|line| line.strip_prefix(mark));
        lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    };
    Change { file: file.to_owned(), from: Some(side("-")), to: side("+"), flags: flags.to_owned() }
}

/// `--> features/slip.sql:3:5`, without the column where only the line is marked.
fn marked(file: &str, text: &str) -> Option<String> {
    let at = text.find(['‸', '¦'])?;
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].chars().rev().take_while(|c| *c != '\n').count() + 1;
    let column = if text[at..].starts_with('‸') { format!(":{column}") } else { String::new() };
    Some(format!("--> {file}:{line}{column}"))
}
