//! How a file of cases is read.
//!
//! `case TITLE`, `date D`, `until D`, `given TABLE`, `expect TABLE`; below the last two a header and rows of cells between
//! `|`. `where CONDITION` below `expect TABLE` leaves out the other rows of a long table. `#` begins a comment.

use std::path::Path;

/// Rows under named columns.
#[derive(Debug, Default, Clone)]
pub struct Rows {
    pub table: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

#[derive(Debug, Default, Clone)]
pub struct Case {
    /// `seller_sales.case:12`
    pub place: String,
    pub title: String,
    pub date: String,
    pub until: Option<String>,
    pub given: Vec<Rows>,
    pub expect: Rows,
    pub condition: Option<String>,
}

/// All cases of a file.
pub fn read(path: &Path) -> Vec<Case> {
    let file = path.file_name().unwrap().to_str().unwrap();
    let mut cases: Vec<Case> = Vec::new();
    let mut is_expected = false;
    for (at, line) in std::fs::read_to_string(path).unwrap().lines().enumerate() {
        let place = format!("{file}:{}", at + 1);
        let line = line.trim();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim().to_owned();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if word == "case" {
            cases.push(Case { place, title: rest, ..Case::default() });
            continue;
        }
        let case = cases.last_mut().unwrap_or_else(|| panic!("{place}: before the first case"));
        match word {
            "date" => case.date = rest,
            "until" => case.until = Some(rest),
            "where" => case.condition = Some(rest),
            "given" => {
                case.given.push(Rows { table: rest, ..Rows::default() });
                is_expected = false;
            }
            "expect" => {
                case.expect.table = rest;
                is_expected = true;
            }
            _ => {
                let table = if is_expected { Some(&mut case.expect) } else { case.given.last_mut() };
                add(table.unwrap_or_else(|| panic!("{place}: below no table")), line, &place);
            }
        }
    }
    cases
}

/// The header, or a row below it.
fn add(table: &mut Rows, line: &str, place: &str) {
    let cells: Vec<String> = line.split('|').map(|cell| cell.trim().to_owned()).collect();
    if table.columns.is_empty() {
        table.columns = cells;
    } else {
        assert_eq!(cells.len(), table.columns.len(), "{place}: {line}");
        table.rows.push(cells);
    }
}
