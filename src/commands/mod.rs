//! One short file a command; each calls nouns.

mod ingest;
mod init;
mod models;
mod promote;
mod query;
mod render;
mod run;
mod score;
mod train;

pub use ingest::ingest;
pub use init::init;
pub use models::models;
pub use promote::{promote, rollback};
pub use query::query;
pub use render::render;
pub use run::run;
pub use score::score;
pub use train::train;
