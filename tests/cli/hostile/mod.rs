//! What nobody means well: each a clear error, in bounded time and memory, and what was there stays.

mod command_lines;
mod databases;
mod disk;
mod files;
mod links;
mod mutations;
mod templates;

use std::io::Read;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::Place;

const LONGEST: Duration = Duration::from_secs(60);
/// Kilobytes of memory in use.
const MOST: u64 = 2 << 20;

/// Code and stderr of a command that stays within its bounds.
#[track_caller]
pub fn bounded(place: &Place, arguments: &[&str]) -> (i32, String) {
    let mut command = place.command(arguments);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let since = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        let is_large = memory(&child) > MOST;
        if since.elapsed() > LONGEST || is_large {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{arguments:?} takes {}", if is_large { "too much memory" } else { "too long" });
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let told = reader.join().unwrap();
    for never in ["internal error", "panicked", "Stack Trace", "RUST_BACKTRACE", "overflow its stack"] {
        assert!(!told.contains(never), "{arguments:?} says: {told}");
    }
    assert!((0..=2).contains(&code), "{arguments:?} ends with {code}: {told}");
    (code, told)
}

/// Kilobytes of a process, where the system says so.
fn memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// Refused with code 1 or 2, in these words.
#[track_caller]
pub fn refused(place: &Place, arguments: &[&str], parts: &[&str]) {
    let (code, told) = bounded(place, arguments);
    assert!(code > 0, "{arguments:?} went through");
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in:\n{told}");
    }
}
