//! A signal asks the program to stop: whoever is at work looks here, and gives up.

use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use crate::problem::{Kind, Problem};
use crate::term;

static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Waits for Ctrl-C and SIGTERM, on a thread of its own. The first one is noted here, and from then on `stop` is called
/// again and again: what was about to begin does not hear it the first time. The second one ends the program, which
/// loses nothing either.
///
/// To be called before other threads are started: signals are for this one.
pub fn listen(stop: fn()) {
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
    if signals.thread_block().is_err() {
        return;
    }
    thread::spawn(move || {
        while let Ok(signal) = signals.wait() {
            let signal = signal as i32;
            if SIGNAL.swap(signal, Ordering::SeqCst) != 0 {
                #[expect(clippy::exit, reason = "the user insists")]
                std::process::exit(128 + signal);
            }
            term::warn("stopping: what is at work is rolled back");
            thread::spawn(move || {
                loop {
                    stop();
                    thread::sleep(Duration::from_millis(50));
                }
            });
        }
    });
}

/// The signal that came, if one did.
pub fn signal() -> Option<i32> {
    Some(SIGNAL.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

pub fn is_raised() -> bool {
    signal().is_some()
}

/// # Errors
/// When a signal came.
pub fn check() -> Result<(), Problem> {
    if is_raised() { Err(problem("interrupted: nothing is changed by what was at work")) } else { Ok(()) }
}

/// What is told of the work that a signal stopped.
pub fn problem(message: impl Into<String>) -> Problem {
    let problem = Problem { kind: Kind::Interrupted, ..Problem::usage(message) };
    problem.hint("what is finished stays; the same command goes on from here")
}
