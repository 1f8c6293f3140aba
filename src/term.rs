//! The one printer: data on stdout; progress, notes and errors on stderr.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

static QUIET: AtomicBool = AtomicBool::new(false);

/// Silences notes and progress; errors still show.
pub fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Does work without notes and progress.
pub fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let was_quiet = QUIET.swap(true, Ordering::Relaxed);
    let done = work();
    set_quiet(was_quiet);
    done
}

/// Writes data to stdout. A reader that closed the pipe (`| head`) is not an error.
pub fn data(text: &str) -> io::Result<()> {
    let text = shown(text, io::stdout().is_terminal());
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Columns of the terminal that stdout is, if it is one.
pub fn width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// A line for the person at the terminal, on stderr.
pub fn note(text: &str) {
    if !is_quiet() {
        line(text);
    }
}

/// An error: shown even when quiet.
pub fn error(text: &str) {
    line(&format!("error: {text}"));
}

/// A mistake of the program itself, told once and in plain words: what the user sees instead of a backtrace.
pub fn internal_error(what: &str) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ");
    error(&format!(
        "internal error: {what}\n\nhint: this is a mistake in olist {}, not in your files; please report it with the \
         command, `olist {}`. What was built before stays.",
        env!("CARGO_PKG_VERSION"),
        crate::secret::own_command()
    ));
}

/// Something that does not stop the work but should be seen.
pub fn warn(text: &str) {
    line(&format!("warning: {text}"));
}

/// Control characters never reach a terminal: a cell or a server's answer may hold orders to it.
fn shown(text: &str, is_terminal: bool) -> Cow<'_, str> {
    let is_order = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !is_terminal || !text.contains(is_order) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if is_order(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

fn line(text: &str) {
    let text = shown(text, io::stderr().is_terminal());
    // Nothing can be done when stderr itself is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A bar on a terminal, with the time that is left; elsewhere nothing is drawn and the callers' plain lines remain.
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(steps: usize, what: &str) -> Self {
        if is_quiet() || !io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::stderr());
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>9} [{bar:20}] {pos}/{len}, {eta} left  {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// What is being worked on now.
    pub fn working_on(&self, what: &str) {
        self.0.set_message(what.to_owned());
    }

    pub fn step(&self) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// `12,345`: thousands separated, as people read them.
pub fn thousands(number: u64) -> String {
    grouped(&number.to_string())
}

/// Digits, with commas before the point.
pub fn grouped(digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let is_behind_comma = |at: usize| at > 0 && at < whole && (whole - at).is_multiple_of(3);
    let with_comma = |(at, digit)| is_behind_comma(at).then_some(',').into_iter().chain([digit]);
    digits.char_indices().flat_map(with_comma).collect()
}

/// `1 row`, `2 rows`.
pub fn counted(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", thousands(number as u64))
}
