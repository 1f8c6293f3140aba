//! How the project's SQL files are written: `file:line: what is wrong`.

use std::path::Path;

use super::support::repository;

const WIDEST: usize = 80;
const LONGEST: usize = 110;
/// Keywords are written small; these are those that somebody would shout.
const KEYWORDS: [&str; 30] = [
    "AND", "AS", "BETWEEN", "BY", "CASE", "CAST", "COUNT", "DISTINCT", "ELSE", "END", "EXISTS", "FROM",
    "GROUP", "HAVING", "IN", "INNER", "JOIN", "LEFT", "LIMIT", "NOT", "ON", "OR", "ORDER", "OVER", "SELECT",
    "SUM", "THEN", "UNION", "WHERE", "WITH",
];

/// What is wrong with the text of one file.
fn mistakes(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut find = |line: usize, what: String| found.push(format!("{file}:{line}: {what}"));
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > LONGEST {
        find(lines.len(), format!("{} lines, of at most {LONGEST}: split the file", lines.len()));
    }
    if !file.contains("/macros/") && !text.starts_with("{{ config(") {
        find(1, "config(...) comes first, `{% set … %}` after it".to_owned());
    }
    for (at, line) in lines.iter().enumerate() {
        let width = line.chars().count();
        if width > WIDEST {
            find(at + 1, format!("{width} columns, of at most {WIDEST}"));
        }
        if line.ends_with(' ') || line.contains('\t') {
            find(at + 1, "a blank at the end, or a tab".to_owned());
        }
    }
    let code = without_texts(text);
    let code: Vec<&str> = code.lines().collect();
    for (at, line) in code.iter().enumerate() {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if let Some(word) = words.find(|word| KEYWORDS.contains(word)) {
            find(at + 1, format!("`{word}`: keywords are written small"));
        }
        if ["select", "select distinct"].contains(&line.trim()) {
            if let Some(last) = last_item(&code, at).filter(|&last| !code[last].trim_end().ends_with(',')) {
                find(last + 1, "the last item of a select ends in a comma too".to_owned());
            }
        }
    }
    found
}

/// The last line of code of the list that `select` in line `at` begins.
fn last_item(code: &[&str], at: usize) -> Option<usize> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_from = |line: &str| line.trim_start().starts_with("from") && indent(line) == indent(code[at]);
    let from = (at + 1..code.len()).find(|&line| is_from(code[line]))?;
    let is_code = |line: &&usize| {
        let text = code[**line].trim();
        !text.is_empty() && !text.starts_with("{%")
    };
    (at + 1..from).rev().collect::<Vec<_>>().iter().find(is_code).copied()
}

/// The code with blanks for what stands in quotes and comments, so that lines stay.
fn without_texts(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let end = match next {
            '-' if rest.starts_with("--") => rest.find('\n'),
            '{' if rest.starts_with("{#") => rest.find("#}").map(|end| end + 2),
            '\'' | '"' => rest[1..].find(next).map(|end| end + 2),
            _ => {
                code.push(next);
                rest = &rest[next.len_utf8()..];
                continue;
            }
        };
        let (taken, after) = rest.split_at(end.unwrap_or(rest.len()));
        code.extend(taken.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    code.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn look(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, found);
        } else {
            let file = path.strip_prefix(repository()).unwrap().display().to_string();
            found.extend(mistakes(&file, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_sql_file_is_written_alike() {
    let mut found = Vec::new();
    for folder in ["features", "abt", "models", "queries"] {
        look(&repository().join(folder), &mut found);
    }
    found.sort();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn the_style_is_told_by_file_and_line() {
    let of = |text: &str| mistakes("features/x.sql", text);
    let fine = "{{ config() }}\nselect\n    a,\n    'AND' as b,  -- AND so on\nfrom t\n";
    assert_eq!(of(fine), Vec::<String>::new());
    assert_eq!(
        of("{% set a = 1 %}\n{{ config() }}\nselect 1\n")[0].split(": ").next(),
        Some("features/x.sql:1")
    );
    assert!(of("{{ config() }}\nselect a FROM t\n")[0].starts_with("features/x.sql:2: `FROM`"));
    assert!(
        of("{{ config() }}\nselect\n    a,\n    b  -- b\nfrom t\n")[0]
            .starts_with("features/x.sql:4: the last")
    );
    assert!(
        of(&format!("{{{{ config() }}}}\nselect {}\n", "a".repeat(80)))[0]
            .starts_with("features/x.sql:2: 87")
    );
    assert!(of(&format!("{{{{ config() }}}}\n{}", "\n".repeat(110)))[0].contains("111 lines"));
}
