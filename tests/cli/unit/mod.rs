//! What the parts of the library do, called directly.
mod outputs;
