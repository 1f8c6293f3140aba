//! What the parts of the library do, called directly.

mod drift;
mod learn;
mod segments;
mod train;
