//! A connection's statements, one at a time: a signal stops the one at work, and lets no other begin.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use duckdb::{Connection, InterruptHandle};

use super::SqlError;
use crate::interrupt;

/// Of all connections.
static GATES: Mutex<Vec<Weak<Gate>>> = Mutex::new(Vec::new());

pub struct Gate {
    handle: Arc<InterruptHandle>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_busy: bool,
    /// No signal stops what runs now.
    is_shielded: bool,
}

/// As long as it lives, a statement runs.
pub struct Busy<'a>(&'a Gate);

/// As long as it lives, no signal stops a statement.
pub struct Shield<'a>(&'a Gate);

impl Gate {
    pub fn new(connection: &Connection) -> Arc<Self> {
        let gate = Arc::new(Self { handle: connection.interrupt_handle(), state: Mutex::default() });
        let mut gates = lock(&GATES);
        gates.retain(|gate| gate.strong_count() > 0);
        gates.push(Arc::downgrade(&gate));
        gate
    }

    /// # Errors
    /// After a signal.
    pub fn enter(&self) -> Result<Busy<'_>, SqlError> {
        let mut state = lock(&self.state);
        if interrupt::is_raised() && !state.is_shielded {
            return Err(SqlError::interrupted());
        }
        state.is_busy = true;
        Ok(Busy(self))
    }

    pub fn shield(&self) -> Shield<'_> {
        lock(&self.state).is_shielded = true;
        Shield(self)
    }

    /// Stops the statement at work. What is between two statements, a rollback above all, is left alone.
    pub fn stop(&self) {
        let state = lock(&self.state);
        if state.is_busy && !state.is_shielded {
            self.handle.interrupt();
        }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_busy = false;
    }
}

impl Drop for Shield<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).is_shielded = false;
    }
}

/// Stops the statements at work on all connections.
pub fn stop_all() {
    lock(&GATES).iter().filter_map(Weak::upgrade).for_each(|gate| gate.stop());
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
