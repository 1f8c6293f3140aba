//! Tests of the command line, as a user drives it: arguments in; stdout, stderr and exit code out.

#![expect(clippy::print_stderr, reason = "what is skipped is told")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod again;
mod analyst;
mod bad_day;
mod cases;
mod client;
mod crash;
mod dirty;
mod docs;
mod explain;
mod export;
mod files;
mod floors;
mod gate;
mod hostile;
mod ingest;
mod interrupts;
mod labels;
mod leaks;
mod mistakes;
mod mlflow;
mod monitor;
mod monthly;
mod places;
mod plan;
mod portable;
mod python;
mod quarantine;
mod report;
mod reports;
mod run;
mod safety;
mod segments;
mod server;
mod sharing;
mod spark;
mod stale;
mod status;
mod style;
mod support;
mod train;
mod unit;
mod values;
mod wall;
mod wheel;
mod words;
