//! What the parts of the library do, called directly.

mod drift;
mod segments;
mod train;
