//! What the parts of the library do, called directly.

mod drift;
mod outputs;
mod segments;
mod train;
