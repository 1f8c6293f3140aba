//! A signal asks the program to stop: whoever is at work looks here, and gives up.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};

use crate::problem::{Kind, Problem};
use crate::term;

/// Between two times that what is at work is stopped.
pub const AGAIN: Duration = Duration::from_millis(50);
/// For how long it may go on.
const GRACE: Duration = Duration::from_secs(2);

static SIGNAL: AtomicI32 = AtomicI32::new(0);

type Work = Box<dyn FnOnce() + Send>;
static LAST: Mutex<Option<Work>> = Mutex::new(None);

/// Waits for Ctrl-C and SIGTERM, on a thread of its own. The first one is noted here, and from then on `stop` is called
/// again and again: what was about to begin does not hear it the first time. What hears nothing, a learner of smartcore's
/// or a server that does not answer, is left after a while, but not as long as `stop` says that something is to be
/// finished. The second signal ends the program at once. None of it loses anything.
///
/// To be called before other threads are started: signals are for this one.
pub fn listen(stop: fn() -> bool) {
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
                let since = Instant::now();
                while stop() || since.elapsed() < GRACE {
                    thread::sleep(AGAIN);
                }
                if let Some(work) = at_last(None) {
                    work();
                }
                term::error(&stopped().to_string());
                #[expect(clippy::exit, reason = "what is at work hears nothing")]
                std::process::exit(128 + signal);
            });
        }
    });
}

/// Sets what is done before what hears no signal is left; gives what was to be done until now.
pub fn at_last(work: Option<Work>) -> Option<Work> {
    std::mem::replace(&mut *LAST.lock().unwrap_or_else(PoisonError::into_inner), work)
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
    if is_raised() { Err(stopped()) } else { Ok(()) }
}

fn stopped() -> Problem {
    problem("interrupted: nothing is changed by what was at work")
}

/// What is told of the work that a signal stopped.
pub fn problem(message: impl Into<String>) -> Problem {
    let problem = Problem { kind: Kind::Interrupted, ..Problem::usage(message) };
    problem.hint("what is finished stays; the same command goes on from here")
}
