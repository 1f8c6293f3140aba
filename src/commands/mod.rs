//! One short file a command; each calls nouns.

mod check;
mod export;
mod ingest;
mod init;
mod mlflow;
mod models;
mod promote;
mod query;
mod render;
mod run;
mod score;
mod train;

pub use check::check;
pub use export::export;
pub use ingest::ingest;
pub use init::init;
pub use mlflow::mlflow_sync;
pub use models::models;
pub use promote::{promote, rollback};
pub use query::query;
pub use render::render;
pub use run::run;
pub use score::score;
pub use train::train;
