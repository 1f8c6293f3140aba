//! How often what is slow by nature is done: kills, mutations, replacements.
//!
//! `cargo test --release` does a little of everything. `SLOW=sample` (`.ci/run`) does more, `SLOW=full` (`just slow`, before a
//! release) all of it; both with `--include-ignored`, for what needs Python, a server, or minutes.

/// Of so many times in the full suite, how many now.
pub fn times(full: usize) -> usize {
    let percent = match std::env::var("SLOW").as_deref() {
        Ok("full") => 100,
        Ok("sample") => 10,
        Ok(other) => panic!("SLOW is `full` or `sample`, not `{other}`"),
        Err(_) => 4,
    };
    (full * percent / 100).max(1)
}
