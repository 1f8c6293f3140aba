//! The only module that talks to Apache Spark, through Spark Connect. Without the feature `spark` there is nobody to talk to,
//! and nothing else differs.

#[cfg(not(feature = "spark"))]
#[path = "absent.rs"]
mod client;
#[cfg(feature = "spark")]
mod client;
mod failure;

use std::sync::{Mutex, PoisonError, Weak};

pub use client::Spark;
pub use failure::{Failure, Why};

/// With all servers.
static SESSIONS: Mutex<Vec<Weak<Spark>>> = Mutex::new(Vec::new());

/// Stops what is at work for this process on all servers.
pub fn stop_all() {
    let sessions = SESSIONS.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.iter().filter_map(Weak::upgrade).for_each(Spark::stop);
}

/// `'it\'s'`: a text literal.
pub fn text(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `` `name` ``: an identifier, whatever it holds.
pub fn ident(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
