//! A raw file: CSV, zipped or not, or parquet; what it is, its bytes tell, not its name.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result};
use flate2::bufread::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipResult;

use crate::problem::{Place, Problem};

/// Bytes of a line that are looked at, to show it.
const SHOWN: usize = 1 << 16;

/// What changes when a file is written or replaced.
type Stamp = (u64, SystemTime, u64);

/// A file that a source may be read from.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub path: PathBuf,
    /// Which file of a zip archive of several.
    pub member: Option<String>,
}

impl Candidate {
    /// As the user is told of it.
    pub fn name(&self) -> String {
        let path = self.path.display();
        self.member.as_ref().map_or_else(|| path.to_string(), |member| format!("{path}/{member}"))
    }
}

/// What a source is read from.
#[derive(Debug, Clone)]
pub struct RawFile {
    from: Candidate,
    pub is_parquet: bool,
    pub bytes: u64,
    /// Of what it holds: zipped or not, it is the same.
    pub digest: String,
    stamp: Option<Stamp>,
}

impl RawFile {
    /// Reads the file once, for its digest.
    pub fn examine(from: Candidate) -> Result<Self> {
        let stamp = stamp(&from.path);
        let mut file = Self { from, is_parquet: false, bytes: 0, digest: String::new(), stamp };
        file.bytes = file.path().metadata().with_context(|| file.unreadable())?.len();
        let (digest, is_parquet) = file.read(|input| {
            let start = input.fill_buf().map_err(|error| file.damaged(&error))?;
            let is_parquet = start.starts_with(PARQUET);
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(input).map_err(|error| file.damaged(&error))?;
            Ok((hasher.finalize().to_hex().to_string(), is_parquet))
        })?;
        (file.digest, file.is_parquet) = (digest, is_parquet);
        if is_parquet && is_zip(file.path()) {
            let problem = Problem::usage(format!("`{}` is a parquet file in a zip archive", file.name()));
            return Err(problem.hint("unpack it: parquet is read as it is").into());
        }
        Ok(file)
    }

    pub fn path(&self) -> &Path {
        &self.from.path
    }

    /// As the user is told of it.
    pub fn name(&self) -> String {
        self.from.name()
    }

    /// Its name without folders.
    pub fn short_name(&self) -> String {
        let name = self.name();
        name.rsplit('/').next().unwrap_or(&name).to_owned()
    }

    /// Gives `work` what the file holds, unzipped.
    pub fn read<T>(&self, work: impl FnOnce(&mut dyn BufRead) -> Result<T>) -> Result<T> {
        let file = File::open(self.path()).with_context(|| self.unreadable())?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        let start = input.fill_buf().with_context(|| self.unreadable())?;
        if start.starts_with(GZIP) {
            return work(&mut BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input)));
        }
        if !start.starts_with(ZIP) {
            return work(&mut input);
        }
        let mut archive = ZipArchive::new(input).map_err(|error| self.damaged(&error))?;
        let name = match &self.from.member {
            Some(member) => member.clone(),
            None => self.only_member(&archive)?,
        };
        let member = archive.by_name(&name).map_err(|error| self.damaged(&error))?;
        work(&mut BufReader::with_capacity(1 << 16, member))
    }

    fn only_member<R: Read + Seek>(&self, archive: &ZipArchive<R>) -> Result<String> {
        let names = names(archive).map_err(|error| self.damaged(&error))?;
        if names.iter().any(|name| name == "[Content_Types].xml") {
            let problem = Problem::usage(format!("`{}` is an Excel workbook", self.name()));
            return Err(problem.hint("save it as CSV in UTF-8, with commas").into());
        }
        if let [name] = &names[..] {
            return Ok(name.clone());
        }
        let what =
            format!("`{}` is a zip archive of {} files: which one is meant?", self.name(), names.len());
        Err(Problem::usage(what).hint("unpack it, and keep the one file").into())
    }

    /// A line of it, with the cell of this value.
    pub fn place(&self, line: usize, value: Option<&str>) -> Place {
        let text = self.line(line).unwrap_or_default();
        let column = value.and_then(|value| column_of_cell(&text, value)).unwrap_or(0);
        Place { file: self.name(), line, column, text }
    }

    fn line(&self, number: usize) -> Result<String> {
        self.read(|input| {
            let (mut line, mut last, mut text) = (1, 0, Vec::new());
            for byte in input.bytes() {
                let byte = byte?;
                match byte {
                    b'\n' if last == b'\r' => {}
                    b'\n' | b'\r' => line += 1,
                    byte if line == number && text.len() < SHOWN => text.push(byte),
                    _ if line > number => break,
                    _ => {}
                }
                last = byte;
            }
            let text = String::from_utf8_lossy(&text);
            Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
        })
    }

    /// # Errors
    /// The file is not the one any more whose digest was read.
    pub fn check_unchanged(&self) -> Result<()> {
        if stamp(self.path()) == self.stamp {
            return Ok(());
        }
        let problem = Problem::data(format!("`{}` changed while it was read", self.path().display()));
        Err(problem.hint("nothing was loaded: try again when the file is complete").into())
    }

    /// Bytes that cannot be unzipped.
    pub fn damaged(&self, error: &dyn std::fmt::Display) -> Problem {
        Problem::data(format!("`{}` is cut off or damaged: {error}", self.name()))
            .hint("fetch it again; nothing was loaded")
    }

    fn unreadable(&self) -> String {
        format!("could not read `{}`", self.path().display())
    }
}

const PARQUET: &[u8] = b"PAR1";
const GZIP: &[u8] = b"\x1f\x8b";
const ZIP: &[u8] = b"PK\x03\x04";

/// The files of a zip archive, as they are named in it.
pub fn members(archive: &Path) -> Result<Vec<String>> {
    let context = || format!("could not read `{}`", archive.display());
    let file = File::open(archive).with_context(context)?;
    ZipArchive::new(BufReader::new(file)).and_then(|archive| names(&archive)).map_err(|error| {
        Problem::data(format!("`{}` is no whole zip archive: {error}", archive.display()))
            .hint("fetch it again; nothing was loaded")
            .into()
    })
}

/// Without folders, and what macOS puts beside the files.
fn names<R: Read + Seek>(archive: &ZipArchive<R>) -> ZipResult<Vec<String>> {
    let names = archive.file_names().map(|name| name.map(Cow::into_owned)).collect::<ZipResult<Vec<_>>>()?;
    let is_file = |name: &String| !name.ends_with('/') && !name.starts_with("__MACOSX/");
    Ok(names.into_iter().filter(is_file).collect())
}

/// By its name.
pub fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = path.metadata().ok()?;
    #[cfg(unix)]
    let inode = std::os::unix::fs::MetadataExt::ino(&about);
    #[cfg(not(unix))]
    let inode = 0;
    Some((about.len(), about.modified().ok()?, inode))
}

/// Where a cell of this value begins in a line of CSV; counts from 1.
fn column_of_cell(line: &str, value: &str) -> Option<usize> {
    let is_edge = |c: Option<char>| c.is_none_or(|c| c == ',' || c == '"');
    let is_cell = |at: &usize| {
        is_edge(line[..*at].chars().next_back()) && is_edge(line[at + value.len()..].chars().next())
    };
    let at = line.match_indices(value).map(|(at, _)| at).find(is_cell)?;
    Some(line[..at].chars().count() + 1)
}
