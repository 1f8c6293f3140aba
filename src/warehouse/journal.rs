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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use anyhow::{Context, Result};
use rustix::fs::{FlockOperation, fcntl_lock};
use serde::{Deserialize, Serialize};

use super::Warehouse;
use super::path::{beside, folder};
use crate::problem::Problem;
use crate::term;

/// The main header and the two headers that checkpoints write in turn; blocks follow.
const HEAD: usize = 3 * 4096;

/// Bytes in the write-ahead log at which a checkpoint is due. Each one writes the open ends of all tables anew, and all who
/// write wait for it: at a quarter of this, an eighth of what many small partitions cost. To read so much back, after a kill,
/// takes some seconds.
pub const DUE: u64 = 256 << 20;

/// What a checkpoint may write over.
#[derive(Serialize, Deserialize)]
pub struct Saved {
    /// As long as the file's headers are these, the checkpoint has not taken effect.
    head: Vec<u8>,
    /// Offset in the file, and what stands there.
    pub blocks: Vec<(u64, Vec<u8>)>,
}

impl Saved {
    /// Reads a journal; `None` where there is none, or it was not written to its end.
    pub fn read(journal: &Path) -> Option<Self> {
        let bytes = std::fs::read(journal).ok()?;
        let (digest, rest) = bytes.split_at_checked(blake3::OUT_LEN)?;
        (blake3::hash(rest) == *digest).then(|| postcard::from_bytes(rest).ok())?
    }

    /// Writes it to the disk; one that was not written to its end has another digest.
    fn write(&self, journal: &Path) -> Result<()> {
        let bytes = postcard::to_stdvec(self)?;
        let mut file = File::create(journal)?;
        file.write_all(blake3::hash(&bytes).as_bytes())?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        sync_folder(journal)
    }
}

/// The checkpoints of one database that is open for writing.
pub struct Journal {
    database: PathBuf,
    /// Open for as long as DuckDB has the database open: a process that closes a file loses all locks that it has on it.
    file: File,
    /// DuckDB's threads where nothing else is at work.
    threads: usize,
    /// Held by a transaction while it writes, and alone by a checkpoint.
    turns: RwLock<()>,
    /// Whether the user knows that a checkpoint failed.
    is_told: AtomicBool,
}

impl Journal {
    pub fn new(database: &Path, threads: usize) -> Result<Self> {
        let file =
            File::open(database).with_context(|| format!("could not open `{}`", database.display()))?;
        let (turns, is_told) = (RwLock::default(), AtomicBool::default());
        Ok(Self { database: database.to_owned(), file, threads, turns, is_told })
    }

    /// Waits while a checkpoint is made.
    pub fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turns.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves what the write-ahead log holds into the database, if that is at least so many bytes. Where that is not possible,
    /// on a full disk above all, it stays in the log, from where it is read as well.
    pub fn checkpoint(&self, warehouse: &Warehouse, least: u64) {
        if self.log() < least {
            return;
        }
        // What is committed is not undone by a signal.
        let _shield = warehouse.gate.shield();
        let _alone = self.turns.write().unwrap_or_else(PoisonError::into_inner);
        if self.log() < least {
            return;
        }
        let outcome = self.save(warehouse).and_then(|()| self.make(warehouse));
        let outcome = outcome.and_then(|()| remove(&beside(&self.database, "journal")));
        if let Err(error) = outcome
            && !self.is_told.swap(true, Ordering::Relaxed)
        {
            term::warn(&format!(
                "`{}` could not be moved into the database: {error:#}; nothing is lost as long as it stays beside it, and the \
                 next command tries again",
                beside(&self.database, "wal").display()
            ));
        }
    }

    /// The checkpoint itself. All who write wait for it, so it may have their cores.
    fn make(&self, warehouse: &Warehouse) -> Result<()> {
        let threads = warehouse.threads()?;
        warehouse.set_threads(self.threads)?;
        let made = warehouse.batch("checkpoint warehouse");
        warehouse.set_threads(threads)?;
        Ok(made?)
    }

    /// Bytes in the write-ahead log.
    fn log(&self) -> u64 {
        beside(&self.database, "wal").metadata().map_or(0, |about| about.len())
    }

    /// Writes down what a checkpoint may write over: a block without free parts is never written to.
    pub fn save(&self, warehouse: &Warehouse) -> Result<()> {
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
        Saved { head, blocks }.write(&beside(&self.database, "journal"))
    }
}

/// Undoes a checkpoint that did not come to its end, unless the process that makes it is still at work.
pub fn recover(database: &Path) -> Result<()> {
    let journal = beside(database, "journal");
    if File::open(&journal).is_err() {
        return Ok(());
    }
    let Ok(file) = OpenOptions::new().read(true).write(true).open(database) else {
        return if database.exists() { Ok(()) } else { remove(&journal) };
    };
    // DuckDB's own lock: who has it has the file open, and is told of by what comes next.
    if fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        return Ok(());
    }
    let saved = Saved::read(&journal);
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

/// Makes a new database `file`, which the user calls `path`, whole or not at all: `make` writes it under the name that it is
/// given.
///
/// # Errors
/// A folder that is not there or cannot be written; those of `make`.
pub fn create(path: &Path, file: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let draft = beside(file, &format!("{}.new", std::process::id()));
    let is_possible = File::create(&draft).and_then(|_| std::fs::remove_file(&draft));
    is_possible.map_err(|error| {
        Problem::usage(format!("could not create `{}`: {error}", path.display()))
            .hint("does its folder exist, and may you write there?")
    })?;
    let outcome = make(&draft).and_then(|()| match std::fs::hard_link(&draft, file) {
        // Another process was faster.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => Ok(std::fs::rename(&draft, file)?),
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
    Ok(File::open(folder(file))?.sync_all()?)
}
