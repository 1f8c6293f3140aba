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
pub struct State {
    is_busy: bool,
    /// No signal stops what runs now.
    is_shielded: bool,
    until: Option<Instant>,
}

/// As long as it lives, a statement runs, or no signal stops one.
pub struct Held<'a>(&'a Gate, fn(&mut State) -> &mut bool);

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
    pub fn enter(&self) -> Result<Held<'_>, SqlError> {
        let mut state = lock(&self.state);
        let is_late = state.until.is_some_and(|until| Instant::now() >= until);
        if !state.is_shielded && (is_late || interrupt::is_raised()) {
            return Err(SqlError::interrupted());
        }
        state.is_busy = true;
        Ok(Held(self, |state| &mut state.is_busy))
    }

    pub fn shield(&self) -> Held<'_> {
        lock(&self.state).is_shielded = true;
        Held(self, |state| &mut state.is_shielded)
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

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *(self.1)(&mut lock(&self.0.state)) = false;
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
        let stop = || {
            gate.stop();
            Some(AGAIN)
        };
        let value = watched(limit, stop, work);
        lock(&gate.state).until = None;
        value
    }
}

/// Does `work`, and `late` beside it where that takes longer than `limit`: again after the time that it gives.
pub fn watched<T>(
    limit: Duration,
    mut late: impl FnMut() -> Option<Duration> + Send,
    work: impl FnOnce() -> T,
) -> T {
    let (ended, end) = channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut left = Some(limit);
            while left.is_some_and(|left| end.recv_timeout(left) == Err(RecvTimeoutError::Timeout)) {
                left = late();
            }
        });
        let value = work();
        drop(ended);
        value
    })
}

/// Stops the statements at work on all connections. Whether any of them was shielded.
pub fn stop_all() -> bool {
    let gates: Vec<Arc<Gate>> = lock(&GATES).iter().filter_map(Weak::upgrade).collect();
    gates.iter().filter(|gate| gate.stop()).count() > 0
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
