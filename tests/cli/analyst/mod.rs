//! An analyst edits SQL files, and asks.

mod edits;
mod queries;
