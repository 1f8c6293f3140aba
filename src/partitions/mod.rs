//! From files and reference dates to partitions: what is to be built, why, and side by side.

mod adopt;
pub mod columns;
mod engine;
mod job;
mod known;
pub mod lake;
mod ledger;
mod partition;
mod plan;
mod pool;
mod quarantine;
mod shape;
mod sources;
pub mod texts;
mod unbuilt;
mod verify;

pub use adopt::{SCRATCH, adopt};
pub use engine::{DuckDb, Engine};
pub use ledger::{Entry, Ledger, forget};
pub use partition::{Context, Partition, in_time, query};
pub use plan::{Basis, Fingerprints, Plan, anywhere, here, why};
pub use pool::{Built, build, report};
pub use shape::fit;
pub use sources::source_folder;
pub use unbuilt::{Cause, Unbuilt, sorted_out, trained};
