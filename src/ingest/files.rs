//! The raw files of a folder: which there are, whether their headers fit, and what they hold, as a digest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;

use super::Specs;
use crate::config::SourceSpec;
use crate::problem::{Place, Problem, nearest};
use crate::warehouse::{ident, text};

/// What a source is read from.
#[derive(Debug, Clone)]
pub struct Found {
    /// `None` for the sample.
    pub path: Option<PathBuf>,
    pub bytes: u64,
    pub digest: String,
    /// What `raw()` renders to.
    pub relation: String,
    stamp: Option<Stamp>,
}

/// What changes when a file is written or replaced.
type Stamp = (u64, SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let about = path.metadata().ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&about);
    #[cfg(not(unix))]
    let inode = 0;
    Some((about.len(), about.modified().ok()?, inode))
}

impl Found {
    /// What the sample is read from.
    pub const fn sample(digest: String, relation: String) -> Self {
        Self { path: None, bytes: 0, digest, relation, stamp: None }
    }

    /// # Errors
    /// The file is not the one any more whose digest and header were read.
    pub fn check_unchanged(&self) -> Result<()> {
        match &self.path {
            Some(path) if stamp(path) != self.stamp => {
                Err(Problem::data(format!("`{}` changed while it was read", path.display()))
                    .hint("nothing was loaded: try again when the file is complete")
                    .into())
            }
            _ => Ok(()),
        }
    }
}

const ENDINGS: [&str; 3] = ["parquet", "csv", "csv.gz"];

/// The file of each source. All that is missing is named at once.
pub fn find(folder: &Path, specs: &Specs) -> Result<BTreeMap<String, Found>> {
    if !folder.is_dir() {
        return Err(Problem::usage(format!("`{}` is not a folder", folder.display()))
            .hint("`olist ingest DIR` wants the folder that holds Kaggle's files; `--sample` needs none")
            .into());
    }
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, known) in specs {
        let spec = &known.spec;
        let candidates = ENDINGS.map(|ending| folder.join(format!("{}.{ending}", spec.file_stem)));
        let present: Vec<&PathBuf> = candidates.iter().filter(|path| path.is_file()).collect();
        match present[..] {
            [] if spec.required => missing.push(format!("{}.csv", spec.file_stem)),
            [] => {}
            [path] => {
                found.insert(name.clone(), examine(path, spec)?);
            }
            [first, second, ..] => {
                return Err(Problem::usage(format!(
                    "both `{}` and `{}` are there: which one is meant?",
                    first.display(),
                    second.display()
                ))
                .hint("keep one of them in the folder")
                .into());
            }
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    Err(Problem::data(format!("`{}` lacks: {}", folder.display(), missing.join(", ")))
        .hint("each may be .csv, .csv.gz or .parquet, under Kaggle's name")
        .into())
}

fn examine(path: &Path, spec: &SourceSpec) -> Result<Found> {
    let stamp = stamp(path);
    let context = || format!("could not read `{}`", path.display());
    let bytes = path.metadata().with_context(context)?.len();
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path).with_context(context)?).with_context(context)?;
    let literal = text(&path.display().to_string());
    let columns = spec.in_file().map(|column| ident(&column.name)).collect::<Vec<_>>().join(", ");
    let relation = if path.extension().is_some_and(|ending| ending == "parquet") {
        let casts = spec.in_file().map(|c| format!("cast({0} as {1}) as {0}", ident(&c.name), c.sql_type));
        format!("(select {} from read_parquet({literal}))", casts.collect::<Vec<_>>().join(", "))
    } else {
        let header = header(path, spec)?;
        check_lines(path)?;
        let types = header.names.iter().map(|name| {
            let sql_type = spec
                .in_file()
                .find(|column| column.name.eq_ignore_ascii_case(name))
                .map_or("varchar", |column| &column.sql_type);
            format!("{}: {}", text(name), text(sql_type))
        });
        format!(
            "(select {columns} from read_csv({literal}, auto_detect = false, header = true, delim = ',', \
             quote = '\"', escape = '\"', nullstr = '', new_line = '{}', max_line_size = {LONGEST}, \
             columns = {{{}}}))",
            header.newline,
            types.collect::<Vec<_>>().join(", ")
        )
    };
    Ok(Found {
        path: Some(path.to_owned()),
        bytes,
        digest: hasher.finalize().to_hex().to_string(),
        relation,
        stamp,
    })
}

/// Bytes of a line.
const LONGEST: usize = 16 << 20;

/// DuckDB leaves a line out, without a word, that is longer than what it reads at a time.
fn check_lines(path: &Path) -> Result<()> {
    let mut reader = open(path)?;
    let (mut line, mut length) = (1, 0);
    loop {
        let bytes = reader.fill_buf().map_err(|error| not_whole(path, &error))?;
        let read = bytes.len();
        let first = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(read);
        if length + first > LONGEST {
            let place = Place { file: path.display().to_string(), line, column: 0, text: String::new() };
            return Err(Problem::data(format!("line {line} is longer than {} MB", LONGEST >> 20))
                .at(place)
                .hint("is a quote missing, or is this another file? nothing was loaded")
                .into());
        }
        if read == 0 {
            return Ok(());
        }
        let breaks = bytes.split(|byte| *byte == b'\n').count() - 1;
        length = match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(last) => read - last - 1,
            None => length + read,
        };
        line += breaks;
        reader.consume(read);
    }
}

fn not_whole(path: &Path, error: &std::io::Error) -> Problem {
    Problem::data(format!("`{}` is cut off or damaged: {error}", path.display()))
        .hint("fetch it again; nothing was loaded")
}

struct Header {
    names: Vec<String>,
    newline: &'static str,
}

/// Opens a CSV file, unzipped.
pub fn open(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).with_context(|| format!("could not read `{}`", path.display()))?;
    let zipped = path.extension().is_some_and(|ending| ending == "gz");
    let reader: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::with_capacity(1 << 16, reader)))
}

fn header(path: &Path, spec: &SourceSpec) -> Result<Header> {
    let mut line = Vec::new();
    open(path)?.take(1 << 20).read_until(b'\n', &mut line).map_err(|error| not_whole(path, &error))?;
    let first = String::from_utf8_lossy(&line).into_owned();
    let first = first.strip_prefix('\u{feff}').unwrap_or(&first);
    let shown: String = first.trim_end().chars().take(100).collect();
    let place = || Place { file: path.display().to_string(), line: 1, column: 0, text: shown.clone() };
    if first.trim_start().starts_with('<') {
        return Err(Problem::data("this is a web page, not a CSV file")
            .at(place())
            .hint("the download was a login or error page: fetch the file again, signed in to Kaggle")
            .into());
    }
    if line.contains(&0) {
        return Err(Problem::data("this is no UTF-8 text: there are zero bytes in it")
            .at(place())
            .hint("is it UTF-16? save it as CSV in UTF-8")
            .into());
    }
    let newline = if first.ends_with("\r\n") { "\\r\\n" } else { "\\n" };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(first.as_bytes());
    let names: Vec<String> = match reader.records().next() {
        Some(Ok(record)) => record.iter().map(|name| name.trim().to_owned()).collect(),
        _ => {
            return Err(Problem::data("this file is empty").at(place()).hint("fetch it again").into());
        }
    };
    let is_there = |column: &str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    if let Some(column) = spec.in_file().find(|column| !is_there(&column.name)) {
        if let Some(separators) = other_separator(first, spec) {
            return Err(Problem::data(format!("the columns are separated by {separators}, not by commas"))
                .at(place())
                .hint("save the file as CSV with commas; nothing was loaded")
                .into());
        }
        return Err(Problem::data(format!("column `{}` is missing", column.name))
            .at(place())
            .hint(renamed(&column.name, &names, spec))
            .into());
    }
    Ok(Header { names, newline })
}

/// What else a spreadsheet may write between columns, where that gives names that are expected.
fn other_separator(header: &str, spec: &SourceSpec) -> Option<&'static str> {
    let is_expected = |name: &&str| spec.column(name.trim().trim_matches('"')).is_some();
    let separates = |mark: char| header.split(mark).filter(is_expected).count() > 1;
    let marks = [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")];
    marks.into_iter().find(|(mark, _)| separates(*mark)).map(|(_, called)| called)
}

/// Which column of the file the missing one may be: one that is not expected under its own name.
fn renamed(missing: &str, names: &[String], spec: &SourceSpec) -> String {
    let is_expected = |name: &str| spec.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| !is_expected(name)).collect();
    let is_part = |name: &&str| !name.is_empty() && (missing.contains(name) || name.contains(missing));
    let near = nearest(missing, others.iter().copied()).or_else(|| others.iter().copied().find(is_part));
    match near {
        Some(name) => format!("there is `{name}`: was it renamed?"),
        None if others.is_empty() => format!("the file has: {}", names.join(", ")),
        None => format!("of what is not expected, the file has: {}", others.join(", ")),
    }
}
