//! A file of cases, as an analyst writes it.
//!
//! `case TITLE`, `date D`, `until D`, `given TABLE`, `expect TABLE` begin a line; below the last two stand, indented, a header
//! and rows of cells between `|`. `where CONDITION` below `expect TABLE` leaves out the other rows of a long table. `#` begins
//! a comment.

use chrono::NaiveDate;

use crate::dates;
use crate::problem::{Place, Problem, mentions, suggest};

const WORDS: [&str; 6] = ["case", "date", "until", "given", "expect", "where"];

/// A line of the file; it has its number from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub number: usize,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Row {
    pub line: Line,
    pub cells: Vec<String>,
}

/// Rows under named columns.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_field_names, reason = "a table has rows")]
pub struct Rows {
    pub table: String,
    /// Where the table is named.
    pub line: Line,
    pub header: Line,
    pub columns: Vec<String>,
    pub rows: Vec<Row>,
}

/// Given these rows of sources, a table has those rows.
#[derive(Debug, Clone, Default)]
pub struct Case {
    pub file: String,
    pub line: Line,
    pub title: String,
    pub date: NaiveDate,
    /// Data until; else every day is complete.
    pub until: Option<NaiveDate>,
    pub given: Vec<Rows>,
    pub expect: Rows,
    pub condition: Option<(Line, String)>,
}

impl Case {
    /// `tests/sql/seller_sales.case:12`
    pub fn name(&self) -> String {
        format!("{}:{}", self.file, self.line.number)
    }

    /// The place of `word` in a line of the case.
    pub fn at(&self, line: &Line, word: &str) -> Place {
        place(&self.file, line, word)
    }
}

fn place(file: &str, line: &Line, word: &str) -> Place {
    let at = mentions(&line.text, word).next();
    let column = at.map_or(0, |at| line.text[..at].chars().count() + 1);
    Place { file: file.to_owned(), line: line.number, column, text: line.text.clone() }
}

/// A case that is being read.
#[derive(Default)]
struct Draft {
    case: Case,
    has_date: bool,
    /// The rows that follow are expected.
    is_expected: bool,
}

/// All cases of a file.
pub fn read(file: &str, text: &str) -> Result<Vec<Case>, Problem> {
    let mut cases = Vec::new();
    let mut open: Option<Draft> = None;
    for (at, text) in text.lines().enumerate() {
        let line = Line { number: at + 1, text: text.to_owned() };
        let words = text.trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        if word == "case" && !text.starts_with(char::is_whitespace) {
            if let Some(draft) = open.take() {
                cases.push(draft.end()?);
            }
            let case = Case { file: file.to_owned(), line, title: rest.trim().to_owned(), ..Case::default() };
            open = Some(Draft { case, ..Draft::default() });
            continue;
        }
        let Some(draft) = &mut open else {
            return Err(Problem::usage("this stands before the first case")
                .at(place(file, &line, word))
                .hint("a case begins with `case TITLE`"));
        };
        let added = if text.starts_with(char::is_whitespace) {
            draft.row(&line)
        } else {
            draft.word(word, rest.trim(), &line)
        };
        added.map_err(|problem| Problem {
            place: problem.place.or(Some(place(file, &line, word))),
            ..problem
        })?;
    }
    cases.extend(open.map(Draft::end).transpose()?);
    Ok(cases)
}

impl Draft {
    fn word(&mut self, word: &str, rest: &str, line: &Line) -> Result<(), Problem> {
        let date = || dates::parse(rest).map_err(Problem::usage);
        if rest.is_empty() && WORDS.contains(&word) {
            return Err(Problem::usage(format!("something is missing behind `{word}`")));
        }
        let Self { case, has_date, is_expected } = self;
        let table = || Rows { table: rest.to_owned(), line: line.clone(), ..Rows::default() };
        let has_table = !case.expect.table.is_empty();
        match word {
            "date" => (case.date, *has_date) = (date()?, true),
            "until" => case.until = Some(date()?),
            "given" if case.given.iter().any(|rows| rows.table == rest) => {
                return Err(Problem::usage(format!("rows of `{rest}` are given already")));
            }
            "given" => {
                case.given.push(table());
                *is_expected = false;
            }
            "expect" if has_table => {
                let problem = Problem::usage("a case expects one table");
                return Err(problem.hint("another one is a case of its own"));
            }
            "expect" => (case.expect, *is_expected) = (table(), true),
            "where" if !has_table => return Err(Problem::usage("`where` stands below `expect TABLE`")),
            "where" => case.condition = Some((line.clone(), rest.to_owned())),
            _ => {
                return Err(Problem::usage(format!("`{word}` begins no line of a case; rows are indented"))
                    .maybe_hint(suggest(word, WORDS)));
            }
        }
        Ok(())
    }

    /// The header, or a row below it.
    fn row(&mut self, line: &Line) -> Result<(), Problem> {
        let Case { given, expect, .. } = &mut self.case;
        let rows = if self.is_expected { Some(expect) } else { given.last_mut() };
        let Some(rows) = rows else {
            return Err(Problem::usage("rows stand below `given TABLE` or `expect TABLE`"));
        };
        let cells: Vec<String> = line.text.split('|').map(|cell| cell.trim().to_owned()).collect();
        if !rows.columns.is_empty() {
            if cells.len() != rows.columns.len() {
                let (cells, columns) = (cells.len(), rows.columns.len());
                return Err(Problem::usage(format!("{cells} cells below {columns} columns")));
            }
            rows.rows.push(Row { line: line.clone(), cells });
            return Ok(());
        }
        for (at, cell) in cells.iter().enumerate() {
            if cell.is_empty() {
                return Err(Problem::usage("a column has no name"));
            }
            if cells[..at].contains(cell) {
                return Err(Problem::usage(format!("two columns are called `{cell}`")));
            }
        }
        (rows.header, rows.columns) = (line.clone(), cells);
        Ok(())
    }

    fn end(self) -> Result<Case, Problem> {
        let Self { case, has_date, .. } = self;
        let empty = case.given.iter().chain([&case.expect]).find(|rows| rows.columns.is_empty());
        let (what, line) = match empty {
            _ if !has_date => ("this case has no `date`", &case.line),
            _ if case.expect.table.is_empty() => ("this case has no `expect TABLE`", &case.line),
            Some(empty) => ("a header with columns is missing below this", &empty.line),
            None => return Ok(case),
        };
        Err(Problem::usage(what).at(case.at(line, "case")))
    }
}
