//! Tests of the command line, as a user drives it: arguments in; stdout, stderr and exit code out.

mod analyst;
mod cases;
mod ingest;
mod run;
mod support;
mod train;
