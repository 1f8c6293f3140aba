//! What the parts of the library do, called directly.

mod drift;
mod mlflow;
mod segments;
mod train;
