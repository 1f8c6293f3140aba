//! What `config(...)` of each kind of file may hold, read strictly: a key nobody knows is an error.

mod audit;
mod fields;
mod model;
mod source;
mod table;

pub use audit::{AuditSpec, Each};
pub use fields::Fields;
pub use model::{Binary, Clusters, ModelSpec, Task, Validate};
pub use source::{Column, SourceSpec, When};
pub use table::{Severity, TableSpec, matches_family};
