//! From files and reference dates to partitions: what is to be built, why, and side by side.

mod adopt;
pub mod columns;
mod known;
mod label;
mod ledger;
mod partition;
mod plan;
mod pool;
pub mod quarantine;
mod shape;
pub mod texts;
mod unbuilt;
pub mod verify;

pub use adopt::{SCRATCH, adopt};
pub use ledger::{Entry, Ledger, Line, forget};
pub use partition::{Context, in_time, query};
pub use plan::{Basis, Fingerprints, Plan, why};
pub use pool::{build, report};
pub use shape::fit;
pub use unbuilt::{Cause, Unbuilt, sort_out, trained};
