//! The rows of raw files as they stand there, in `memory.raw`: a table a source, with the number of each line.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use duckdb::arrow::array::{ArrayRef, Int64Builder, RecordBatch, StringBuilder};

use super::csv::{Failure, Reader, Record};
use super::file::RawFile;
use super::{Loader, Source};
use crate::problem::Problem;
use crate::template::Templates;
use crate::term::{self, Progress};
use crate::warehouse::{Warehouse, ident, joined, path};

/// Bytes of cells, and rows, that go into DuckDB at a time.
const BATCH: (usize, usize) = (4 << 20, 20_000);

/// The table of a source's rows.
pub fn table(source: &str) -> String {
    format!("memory.raw.{}", ident(source))
}

/// Frees the memory of all rows.
pub fn forget(warehouse: &Warehouse) -> Result<()> {
    Ok(warehouse.batch("drop schema if exists memory.raw cascade")?)
}

/// Reads the files of `sources` side by side, the largest first. Of several mistakes, that of the first source is told.
pub fn read(
    warehouse: &Warehouse,
    templates: &Templates,
    sources: &[&Source],
    progress: &Progress,
) -> Result<()> {
    warehouse.batch("create schema if not exists memory.raw")?;
    let mut open: Vec<(usize, &Source)> = sources.iter().copied().enumerate().collect();
    open.sort_by_key(|(_, source)| source.file.as_ref().map_or(0, |file| file.bytes));
    let state = Mutex::new((open, BTreeMap::new()));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let next = || lock().0.pop();
    let read = |connection: Warehouse| {
        while let Some((at, source)) = next() {
            progress.working_on(&source.name);
            if let Err(error) = (Loader { warehouse: &connection, templates, source }).read_raw() {
                let (open, failed) = &mut *lock();
                open.retain(|(other, _)| *other < at);
                failed.insert(at, error);
            }
            progress.step();
        }
    };
    let threads = warehouse.threads()?;
    std::thread::scope(|scope| -> Result<()> {
        for _ in 0..threads.min(sources.len()) {
            let connection = warehouse.another()?;
            scope.spawn(|| read(connection));
        }
        Ok(())
    })?;
    let (_, mut failed) = state.into_inner().unwrap_or_else(PoisonError::into_inner);
    failed.pop_first().map_or(Ok(()), |(_, error)| Err(error))
}

impl Loader<'_> {
    /// Reads the source's file into its table, and looks at every cell.
    fn read_raw(self) -> Result<()> {
        let Some(file) = &self.source.file else { return Ok(()) };
        let outcome = if file.is_parquet { self.read_parquet(file) } else { self.read_csv(file) };
        file.check_unchanged()?;
        outcome?;
        self.pad(file)?;
        self.check_cells(file)
    }

    /// Gives codes their leading zeros again, which spreadsheets and data frames take from them: `1037`, `1037.0`.
    fn pad(self, file: &RawFile) -> Result<()> {
        for column in self.source.spec.in_file() {
            let Some(digits) = column.digits else { continue };
            let name = ident(&column.name);
            let number = format!("regexp_extract({name}, '^\\d+')");
            let padded = self.warehouse.execute(
                &format!(
                    "update {} set {name} = lpad({number}, {digits}, '0')
                     where regexp_full_match({name}, '\\d+(\\.0+)?') and length({number}) <= {digits}
                         and {name} <> lpad({number}, {digits}, '0')",
                    table(&self.source.name)
                ),
                &[],
            )?;
            if padded > 0 {
                term::warn(&format!(
                    "`{}`: {} of `{}` had lost leading zeros, and have them again",
                    file.name(),
                    term::counted(padded, "cell"),
                    column.name
                ));
            }
        }
        Ok(())
    }

    fn read_parquet(self, file: &RawFile) -> Result<()> {
        let (spec, table) = (&self.source.spec, table(&self.source.name));
        let rows = format!("read_parquet({}, file_row_number = true)", path::pattern(file.path())?);
        let damaged = |error| file.damaged(&error);
        let describe = format!("describe select * exclude (file_row_number) from {rows}");
        let columns: Vec<(String, String)> =
            self.warehouse.rows(&describe, &[], |row| Ok((row.get(0)?, row.get(1)?))).map_err(damaged)?;
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        self.parquet_header(&names, file)?;
        let is_ours = |name: &str| spec.in_file().any(|column| column.name.eq_ignore_ascii_case(name));
        let mut zoned = columns.iter().filter(|(_, of)| of.ends_with("WITH TIME ZONE"));
        if let Some((name, _)) = zoned.find(|(name, _)| is_ours(name)) {
            return Err(Problem::data(format!("column `{name}` of `{}` has a time zone", file.name()))
                .at(self.column_place(name))
                .hint(format!(
                    "sources hold local time: df['{name}'].dt.tz_convert('America/Sao_Paulo').dt.tz_localize(None); nothing was loaded"
                ))
                .into());
        }
        let names = spec.in_file().map(|column| {
            let name = ident(&column.name);
            // Codes are texts, whatever a data frame made of them.
            if column.digits.is_some() { format!("{name}::varchar as {name}") } else { name }
        });
        let names = joined(names, ", ");
        let sql = format!(
            "create or replace table {table} as select file_row_number + 1 as line, {names} from {rows}"
        );
        Ok(self.warehouse.batch(&sql).map_err(damaged)?)
    }

    fn read_csv(self, file: &RawFile) -> Result<()> {
        let Self { warehouse, source, .. } = self;
        let names = source.spec.in_file().map(|column| format!(", {} varchar", ident(&column.name)));
        let columns = names.collect::<String>();
        warehouse
            .batch(&format!("create or replace table {} (line bigint{columns})", table(&source.name)))?;
        file.read(|input| {
            let mut reader = Reader::new(input);
            let mut record = Record::default();
            let explain = |failure| explain(file, failure);
            if !reader.next(&mut record).map_err(explain)? {
                let place = file.place(1, None);
                return Err(Problem::data("this file is empty").at(place).hint("fetch it again").into());
            }
            let (positions, width) = self.csv_header(&record, file)?;
            let mut batch = Batch::new(positions);
            while reader.next(&mut record).map_err(explain)? {
                if record.width() != width {
                    return Err(wrong_width(file, &record, width).into());
                }
                if let Err(cell) = batch.push(&record) {
                    return Err(not_utf8(file, record.line, &cell).into());
                }
                if batch.bytes >= BATCH.0 || batch.rows() >= BATCH.1 {
                    warehouse.append("memory", "raw", &source.name, batch.finish()?)?;
                }
            }
            if let Some(line) = reader.mixed_endings() {
                term::warn(&format!(
                    "`{}` mixes line ends: from line {line} on, they are others",
                    file.name()
                ));
            }
            warehouse.append("memory", "raw", &source.name, batch.finish()?)
        })
    }
}

/// Rows on their way into DuckDB.
struct Batch {
    positions: Vec<usize>,
    lines: Int64Builder,
    columns: Vec<StringBuilder>,
    bytes: usize,
}

impl Batch {
    fn new(positions: Vec<usize>) -> Self {
        let columns = positions.iter().map(|_| StringBuilder::new()).collect();
        Self { positions, lines: Int64Builder::new(), columns, bytes: 0 }
    }

    fn rows(&self) -> usize {
        duckdb::arrow::array::ArrayBuilder::len(&self.lines)
    }

    /// Adds a record; gives the cell that is no UTF-8, if one is not.
    fn push(&mut self, record: &Record) -> Result<(), Vec<u8>> {
        let cells: Vec<&[u8]> = record.cells().collect();
        for (position, column) in self.positions.iter().zip(&mut self.columns) {
            let cell = cells[*position];
            let text = std::str::from_utf8(cell).map_err(|_| cell.to_owned())?;
            column.append_option((!text.is_empty()).then_some(text));
            self.bytes += cell.len();
        }
        self.lines.append_value(i64::try_from(record.line).unwrap_or(i64::MAX));
        Ok(())
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        self.bytes = 0;
        let lines: ArrayRef = Arc::new(self.lines.finish());
        let names = (0..self.columns.len()).map(|at| at.to_string());
        let columns = self.columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef);
        let all = std::iter::once(("line".to_owned(), lines)).chain(names.zip(columns));
        Ok(RecordBatch::try_from_iter(all)?)
    }
}

fn explain(file: &RawFile, failure: Failure) -> Problem {
    match failure {
        Failure::Read(error) => file.damaged(&error),
        Failure::Syntax { line, what } => Problem::data(what)
            .at(file.place(line, None))
            .hint("is a quote missing, or is this another file? nothing was loaded"),
    }
}

fn wrong_width(file: &RawFile, record: &Record, width: usize) -> Problem {
    let cells = term::counted(record.width(), "cell");
    let columns = term::counted(width, "column");
    let ends_in_comma = record.width() > width && record.cells().skip(width).all(<[u8]>::is_empty);
    let why = if ends_in_comma { ": it ends in a comma" } else { "" };
    Problem::data(format!("{cells} in this line, and {columns} in the header{why}"))
        .at(file.place(record.line, None))
        .hint("mend or fetch the file again; nothing was loaded")
}

fn not_utf8(file: &RawFile, line: usize, cell: &[u8]) -> Problem {
    let shown = String::from_utf8_lossy(cell);
    Problem::data("this line is no UTF-8 text")
        .at(file.place(line, Some(&shown)))
        .hint("save it as CSV in UTF-8; nothing was loaded")
}
