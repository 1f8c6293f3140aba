//! From files and reference dates to partitions: what is to be built, why, and side by side.

mod adopt;
pub mod columns;
mod engine;
mod job;
mod known;
mod label;
pub mod lake;
mod ledger;
mod partition;
mod plan;
mod pool;
pub mod quarantine;
mod shape;
mod sources;
pub mod texts;
mod unbuilt;
pub mod verify;

pub use adopt::{SCRATCH, adopt};
pub use engine::{DuckDb, Engine};
pub use ledger::{Entry, Ledger, Line, forget};
pub use partition::{Context, in_time, query};
pub use plan::{Basis, Fingerprints, Plan, anywhere, here, why};
pub use pool::{Built, build, report};
pub use shape::fit;
pub use sources::source_folder;
pub use unbuilt::{Cause, Unbuilt, sort_out, trained};
