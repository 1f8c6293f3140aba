//! Features and ABTs on a real Spark server: the rows are those of DuckDB, or the run says what is wrong, and the same
//! command again ends the same.

mod bad_day;
mod rows;
mod server;

use std::process::Command;

use super::support::Place;
use server::Server;

const DATE: &str = "2018-06-01";

/// A project with a small marketplace, and its sources in a lake.
fn with_lake(place: Place) -> Place {
    place.olist(&["ingest", "--sample", "--orders", "4000"]).code(0);
    place.olist(&["lake", "push", "--lake", "lake"]).code(0);
    place
}

/// With the server and the lake behind the arguments.
fn on_spark(place: &Place, server: &Server, arguments: &[&str]) -> Command {
    let mut command = place.command(arguments);
    command.args(["--engine", "spark", "--remote", &server.address(), "--lake", "lake"]);
    command
}

/// Rows of the parquet files of a folder.
fn rows_in(folder: &str) -> i64 {
    let sql = format!("select count(*) from read_parquet('{folder}/*.parquet')");
    duckdb::Connection::open_in_memory().unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
}

/// Where a table lies in the lake.
fn folder_of(place: &Place, table: &str) -> String {
    let folder = place.cell(&format!("select lake from pipeline.partitions where table_name = '{table}'"));
    folder.replace("DIR", place.path("").to_str().unwrap().trim_end_matches('/'))
}

/// A run of one table and what it needs.
fn run_of(place: &Place, server: &Server, table: &str) -> Command {
    on_spark(place, server, &["run", "--date", DATE, "--select", table])
}
