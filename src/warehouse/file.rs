//! A look at a database file before DuckDB opens it: a file that was cut off would be opened, and written to.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::problem::Problem;

/// Bytes of each of the three headers at the start of a file; the second and third take turns.
const HEADER: u64 = 4096;

/// Refuses a file that is shorter than its header says.
///
/// # Errors
/// A [`Problem`] that says how much is missing.
pub fn check(path: &Path) -> Result<(), Problem> {
    let Some((length, expected)) = lengths(path).filter(|(length, expected)| length < expected) else {
        return Ok(());
    };
    Err(Problem::usage(format!("`{}` is cut off: {length} bytes of {expected} are there", path.display()))
        .hint(DAMAGED))
}

/// What to do about a file that cannot be read any more.
pub const DAMAGED: &str = "the file was not touched: take a copy of it that is whole, or name a new file with --database and load again";

/// Length of the file, and what its newer header says of it. `None` for what is no DuckDB file.
fn lengths(path: &Path) -> Option<(u64, u64)> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let mut head = [0; 12];
    file.read_exact(&mut head).ok()?;
    if head.get(8..12)? != b"DUCK" {
        return None;
    }
    let headers = [1, 2].into_iter().filter_map(|number| header(&mut file, number * HEADER));
    let (_, blocks) = headers.max_by_key(|(iteration, _)| *iteration)?;
    Some((length, 3 * HEADER + blocks))
}

/// The header at `start`: which of the two was written later, and bytes of blocks.
fn header(file: &mut File, start: u64) -> Option<(u64, u64)> {
    let mut bytes = [0; 48];
    file.seek(SeekFrom::Start(start)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    // Checksum, iteration, block of the catalog, block of the free list, number of blocks, bytes of a block.
    let field = |at: usize| Some(u64::from_le_bytes(bytes.get(8 * at..8 * at + 8)?.try_into().ok()?));
    let block = field(5)?;
    // Anything else is no header: DuckDB says what it thinks of it.
    (block.is_power_of_two() && block <= 1 << 20).then_some((field(1)?, field(4)?.checked_mul(block)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_has_the_length_its_header_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.duckdb");
        let conn = duckdb::Connection::open(&path).unwrap();
        conn.execute_batch("create table t as select range as x from range(300000); checkpoint").unwrap();
        drop(conn);
        let (length, expected) = lengths(&path).unwrap();
        assert!(length >= expected && expected > 4 * HEADER, "{length} {expected}");
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(length / 2).unwrap();
        assert!(check(&path).unwrap_err().message.contains("is cut off"));
    }
}
