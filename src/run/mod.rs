//! What the commands share: the session, and the steps of a run over one warehouse.

mod due;
mod pipeline;
mod session;

pub use due::{Due, due};
pub use pipeline::{Pipeline, note_training};
pub use session::{Loaded, Session};
