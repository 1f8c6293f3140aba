//! A rollback journal around DuckDB's checkpoints.
//!
//! A checkpoint of DuckDB (2.0.0) puts new metadata into the free parts of blocks whose other parts the last checkpoint
//! still needs, and writes these blocks in place. A process that is killed in the middle of such a write leaves a block
//! with a wrong checksum, and a file that nobody can open. So DuckDB checkpoints only when this module says so: these
//! blocks are copied to a file beside the database before, and copied back when it is opened after a checkpoint that did
//! not come to its end. The write-ahead log is whole until then, so nothing is lost.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, fcntl_lock};
use serde::{Deserialize, Serialize};

use super::Warehouse;
use crate::problem::Problem;

/// The main header and the two headers that checkpoints write in turn; blocks follow.
const HEAD: usize = 3 * 4096;

/// Bytes in the write-ahead log at which a checkpoint is due; DuckDB's own default.
pub const DUE: u64 = 16 << 20;

/// What a checkpoint may write over.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// As long as the file's headers are these, the checkpoint has not taken effect.
    head: Vec<u8>,
    /// Offset in the file, and what stands there.
    blocks: Vec<(u64, Vec<u8>)>,
}

/// The checkpoints of one database that is open for writing.
pub struct Journal {
    database: PathBuf,
    /// Open for as long as DuckDB has the database open: a process that closes a file loses all locks that it has on it.
    file: File,
    /// Held by a transaction while it writes, and alone by a checkpoint.
    turns: RwLock<()>,
}

impl Journal {
    pub fn new(database: &Path) -> Result<Self> {
        let file =
            File::open(database).with_context(|| format!("could not open `{}`", database.display()))?;
        Ok(Self { database: database.to_owned(), file, turns: RwLock::new(()) })
    }

    /// Waits while a checkpoint is made.
    pub fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turns.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what the write-ahead log holds into the database, if that is at least so many bytes.
    ///
    /// # Errors
    /// When the journal cannot be written, or the checkpoint fails: everything stays in the log.
    pub fn checkpoint(&self, warehouse: &Warehouse, least: u64) -> Result<()> {
        if self.log() < least {
            return Ok(());
        }
        // What is committed is not undone by a signal.
        let _shield = warehouse.gate.shield();
        let _alone = self.turns.write().unwrap_or_else(PoisonError::into_inner);
        if self.log() < least {
            return Ok(());
        }
        self.save(warehouse).context("could not prepare a checkpoint")?;
        warehouse.batch("checkpoint warehouse").context("could not make a checkpoint")?;
        remove(&beside(&self.database, "journal"))
    }

    /// Bytes in the write-ahead log.
    fn log(&self) -> u64 {
        beside(&self.database, "wal").metadata().map_or(0, |about| about.len())
    }

    /// A block without free parts is never written to.
    fn save(&self, warehouse: &Warehouse) -> Result<()> {
        let size = "select block_size from pragma_database_size() where database_name = 'warehouse'";
        let size = warehouse.row(size, &[], |row| row.get::<_, u64>(0))?.context("no such database")?;
        let open = "select block_id from pragma_metadata_info('warehouse') where free_blocks > 0";
        let open = warehouse.rows(open, &[], |row| row.get::<_, u64>(0))?;
        let read = |offset, length| {
            let mut bytes = vec![0; length];
            self.file.read_exact_at(&mut bytes, offset).map(|()| bytes)
        };
        let head = read(0, HEAD)?;
        let mut blocks = Vec::new();
        for offset in open.into_iter().map(|block| HEAD as u64 + block * size) {
            blocks.push((offset, read(offset, usize::try_from(size)?)?));
        }
        let bytes = postcard::to_stdvec(&Saved { head, blocks })?;
        let target = beside(&self.database, "journal");
        let mut journal = File::create(&target)?;
        // A journal that was not written to its end has another digest.
        journal.write_all(blake3::hash(&bytes).as_bytes())?;
        journal.write_all(&bytes)?;
        journal.sync_all()?;
        sync_folder(&target)
    }
}

/// Undoes a checkpoint that did not come to its end, unless the process that makes it is still at work.
pub fn recover(database: &Path) -> Result<()> {
    let journal = beside(database, "journal");
    let Ok(bytes) = std::fs::read(&journal) else { return Ok(()) };
    let Ok(file) = OpenOptions::new().read(true).write(true).open(database) else {
        return if database.exists() { Ok(()) } else { remove(&journal) };
    };
    // DuckDB's own lock: who has it has the file open, and is told of by what comes next.
    if fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    let saved =
        bytes.split_at_checked(blake3::OUT_LEN).filter(|(digest, rest)| blake3::hash(rest) == **digest);
    let saved = saved.and_then(|(_, rest)| postcard::from_bytes::<Saved>(rest).ok());
    let mut head = vec![0; HEAD];
    if let Some(saved) = saved.filter(|saved| file.read_exact_at(&mut head, 0).is_ok() && saved.head == head)
    {
        for (offset, block) in saved.blocks {
            file.write_all_at(&block, offset)?;
        }
        file.sync_all()?;
    }
    remove(&journal)
}

/// Makes a new database, whole or not at all: `make` writes it under the name that it is given.
///
/// # Errors
/// A folder that is not there or cannot be written; those of `make`.
pub fn create(database: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let draft = beside(database, &format!("{}.new", std::process::id()));
    let is_possible = File::create(&draft).and_then(|_| std::fs::remove_file(&draft));
    is_possible.map_err(|error| {
        Problem::usage(format!("could not create `{}`: {error}", database.display()))
            .hint("does its folder exist, and may you write there?")
    })?;
    let outcome = make(&draft).and_then(|()| match std::fs::hard_link(&draft, database) {
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => Ok(std::fs::rename(&draft, database)?),
        Ok(()) => Ok(()),
    });
    let _ = std::fs::remove_file(&draft);
    outcome
}

/// Removes a database with what stands beside it.
pub fn remove_database(database: &Path) -> Result<()> {
    remove(&beside(database, "wal"))?;
    remove(&beside(database, "journal"))?;
    remove(database)
}

/// `olist.duckdb.journal`
fn beside(database: &Path, what: &str) -> PathBuf {
    PathBuf::from(format!("{}.{what}", database.display()))
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("could not remove `{}`", file.display()))
        }
        _ => Ok(()),
    }
}

/// Makes the name of a file last.
pub fn sync_folder(file: &Path) -> Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::super::Engine;
    use super::*;

    fn open(folder: &Path) -> Warehouse {
        Warehouse::open(&folder.join("x"), &Engine::default()).unwrap()
    }

    fn rows(folder: &Path) -> i64 {
        open(folder).row("select count(*) from main.t", &[], |row| row.get(0)).unwrap().unwrap()
    }

    /// A database whose last rows stand in the log alone, copied as it is while `then` has happened.
    fn copied(then: impl FnOnce(&Warehouse, &Journal)) -> tempfile::TempDir {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let warehouse = open(from.path());
        warehouse.batch("create table main.t as from range(1000)").unwrap();
        drop(warehouse);
        let warehouse = open(from.path());
        warehouse.batch("insert into main.t from range(500)").unwrap();
        then(&warehouse, warehouse.journal.as_deref().unwrap());
        for entry in std::fs::read_dir(from.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
        }
        to
    }

    /// What a process leaves that is killed while it writes a block.
    fn tear(folder: &Path) {
        let bytes = std::fs::read(folder.join("x.journal")).unwrap();
        let saved: Saved = postcard::from_bytes(&bytes[blake3::OUT_LEN..]).unwrap();
        let file = OpenOptions::new().write(true).open(folder.join("x")).unwrap();
        file.write_all_at(&vec![7; 100_000], saved.blocks[0].0).unwrap();
    }

    #[test]
    fn a_torn_checkpoint_is_undone() {
        let folder = copied(|warehouse, journal| journal.save(warehouse).unwrap());
        tear(folder.path());
        let plain = duckdb::Connection::open(folder.path().join("x"));
        assert!(plain.unwrap_err().to_string().contains("Corrupt database file"));
        assert_eq!(rows(folder.path()), 1500);
        assert!(!folder.path().join("x.journal").exists());
        assert_eq!(rows(folder.path()), 1500);
    }

    #[test]
    fn a_checkpoint_that_took_effect_is_not_undone() {
        let folder = copied(|warehouse, journal| {
            journal.save(warehouse).unwrap();
            warehouse
                .batch("checkpoint warehouse; insert into main.t from range(7); checkpoint warehouse")
                .unwrap();
        });
        assert!(folder.path().join("x.journal").exists());
        assert_eq!(rows(folder.path()), 1507);
        assert!(!folder.path().join("x.journal").exists());
    }

    #[test]
    fn a_journal_that_was_not_written_to_its_end_says_nothing() {
        let folder = copied(|warehouse, journal| journal.save(warehouse).unwrap());
        let file = folder.path().join("x.journal");
        let half = std::fs::metadata(&file).unwrap().len() / 2;
        OpenOptions::new().write(true).open(&file).unwrap().set_len(half).unwrap();
        assert_eq!(rows(folder.path()), 1500);
        assert!(!file.exists());
    }
}
