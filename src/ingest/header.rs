//! Whether the columns of a raw file are those that its source expects.

use super::Loader;
use super::csv::Record;
use super::file::RawFile;
use crate::config::SourceSpec;
use crate::problem::{Place, Problem, nearest};

/// Characters of a header that are shown.
const SHOWN: usize = 100;

impl Loader<'_> {
    /// Where each expected column stands in a record of a CSV file, by its header; and how many cells a record has.
    pub fn csv_header(self, record: &Record, file: &RawFile) -> Result<(Vec<usize>, usize), Problem> {
        let spec = &self.source.spec;
        let texts: Vec<String> =
            record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        let line = texts.join(",");
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        let at = |problem: Problem| {
            let text = line.chars().take(SHOWN).collect();
            problem.at(Place { file: file.name(), line: record.line, column: 0, text })
        };
        if line.trim_start().starts_with('<') {
            return Err(at(Problem::data("this is a web page, not a CSV file"))
                .hint("the download was a login or error page: fetch the file again, signed in to Kaggle"));
        }
        if line.contains('\0') {
            return Err(at(Problem::data("this is no UTF-8 text: there are zero bytes in it"))
                .hint("is it UTF-16? save it as CSV in UTF-8"));
        }
        let names: Vec<&str> = texts.iter().map(|name| name.trim_start_matches('\u{feff}').trim()).collect();
        let mut positions = Vec::new();
        for column in spec.in_file() {
            let mut found = (0..names.len()).filter(|at| names[*at].eq_ignore_ascii_case(&column.name));
            let Some(position) = found.next() else {
                if let Some(separators) = other_separator(line, spec) {
                    let what = format!("the columns are separated by {separators}, not by commas");
                    return Err(
                        at(Problem::data(what)).hint("save the file as CSV with commas; nothing was loaded")
                    );
                }
                return Err(at(self.missing(&column.name, &names)));
            };
            if found.next().is_some() {
                return Err(at(Problem::data(format!("column `{}` is there twice", column.name)))
                    .hint("one of the two has to go, or needs another name; nothing was loaded"));
            }
            positions.push(position);
        }
        Ok((positions, names.len()))
    }

    /// The same of the names of a parquet file's columns.
    pub fn parquet_header(self, names: &[&str], file: &RawFile) -> Result<(), Problem> {
        let is_there = |column: &str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
        let Some(column) = self.source.spec.in_file().find(|column| !is_there(&column.name)) else {
            return Ok(());
        };
        let Problem { message, hint, .. } = self.missing(&column.name, names);
        Err(Problem::data(format!("{message} in `{}`", file.name()))
            .at(self.column_place(&column.name))
            .maybe_hint(hint))
    }

    fn missing(self, column: &str, names: &[&str]) -> Problem {
        let expected = self.column_place(column);
        Problem::data(format!("column `{column}` is missing"))
            .noting(vec![format!("{}:{} expects it", expected.file, expected.line)])
            .hint(renamed(column, names, &self.source.spec))
    }
}

/// What else a spreadsheet may write between columns, where that gives names that are expected.
fn other_separator(header: &str, spec: &SourceSpec) -> Option<&'static str> {
    let is_expected = |name: &&str| spec.column(name.trim().trim_matches('"')).is_some();
    let separates = |mark: char| header.split(mark).filter(is_expected).count() > 1;
    let marks = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
    marks.into_iter().find(|(mark, _)| separates(*mark)).map(|(_, called)| called)
}

/// Which column of the file the missing one may be: one that is not expected under its own name.
fn renamed(missing: &str, names: &[&str], spec: &SourceSpec) -> String {
    let is_expected = |name: &str| spec.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let others: Vec<&str> = names.iter().copied().filter(|name| !is_expected(name)).collect();
    let is_part = |name: &&str| !name.is_empty() && (missing.contains(name) || name.contains(missing));
    let near = nearest(missing, others.iter().copied()).or_else(|| others.iter().copied().find(is_part));
    match near {
        Some(name) => format!("there is `{name}`: was it renamed?"),
        None if others.is_empty() => format!("the file has: {}", names.join(", ")),
        None => format!("of what is not expected, the file has: {}", others.join(", ")),
    }
}
