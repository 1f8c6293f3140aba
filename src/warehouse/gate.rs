//! A connection's statements, one at a time: a signal or a time limit stops the one at work, and lets no other begin.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use duckdb::{Connection, InterruptHandle};

use super::{SqlError, Warehouse};
use crate::interrupt::{self, AGAIN};

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
    until: Option<Instant>,
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
    /// After a signal, and after the time is over.
    pub fn enter(&self) -> Result<Busy<'_>, SqlError> {
        let mut state = lock(&self.state);
        let is_late = state.until.is_some_and(|until| Instant::now() >= until);
        if !state.is_shielded && (is_late || interrupt::is_raised()) {
            return Err(SqlError::interrupted());
        }
        state.is_busy = true;
        Ok(Busy(self))
    }

    pub fn shield(&self) -> Shield<'_> {
        lock(&self.state).is_shielded = true;
        Shield(self)
    }

    /// Stops the statement at work. What is between two statements, a rollback above all, is left alone. Whether it was
    /// shielded.
    fn stop(&self) -> bool {
        let state = lock(&self.state);
        if state.is_busy && !state.is_shielded {
            self.handle.interrupt();
        }
        state.is_shielded
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

impl Warehouse {
    /// Does `work`, whose statements no signal stops.
    pub fn shielded<T>(&self, work: impl FnOnce() -> T) -> T {
        let _shield = self.gate.shield();
        work()
    }

    /// Does `work`, whose statements fail after `limit`.
    pub fn within<T>(&self, limit: Duration, work: impl FnOnce() -> T) -> T {
        let gate = &self.gate;
        lock(&gate.state).until = Instant::now().checked_add(limit);
        let (ended, end) = channel::<()>();
        let value = thread::scope(|scope| {
            scope.spawn(move || {
                let mut left = limit;
                while end.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
                    gate.stop();
                    left = AGAIN;
                }
            });
            let value = work();
            drop(ended);
            value
        });
        lock(&gate.state).until = None;
        value
    }
}

/// Stops the statements at work on all connections. Whether any of them was shielded.
pub fn stop_all() -> bool {
    let gates: Vec<Arc<Gate>> = lock(&GATES).iter().filter_map(Weak::upgrade).collect();
    gates.iter().filter(|gate| gate.stop()).count() > 0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
