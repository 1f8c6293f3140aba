//! Schema `registry`: model versions and their metrics, who is champion when, and what is still to be told of it.

mod adopt;
mod champions;
pub mod changes;
pub mod comparison;
pub mod contests;
mod files;
mod inputs;
mod new_version;
pub mod outbox;
mod version;
pub mod whole;

pub use adopt::adopt;
pub use champions::{promote, rollback};
pub use contests::recorded;
pub use files::{files, keep as keep_files};
pub use inputs::{InputProfile, profiles};
pub use new_version::{Curve, Mean, Measured, NewVersion, OverRule, Segment, add};
pub use version::{Version, champion, in_force, no_champion, tried, version, versions};
