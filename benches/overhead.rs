//! What `olist run` costs beside DuckDB itself: `cargo bench --bench overhead [-- FOLDER]`.
//!
//! Builds 14 monthly partitions of the six feature stores, of what they share, and of the ABT, from Kaggle's files in FOLDER or from the
//! synthetic marketplace, in two ways, in turn: as `olist run`, and as the same rendered SQL, one statement after
//! another, through the same library. Prints every time, the medians and their ratio.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints its result, or stops")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// As in `olist`, so that both ways have the same.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const TABLES: [&str; 8] = [
    "features/seller_orders",
    "features/seller_sales",
    "features/seller_reviews",
    "features/seller_customers",
    "features/seller_delivery",
    "features/seller_payments",
    "features/seller_products",
    "abt/seller_churn",
];

fn olist(database: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_olist"))
        .args(arguments)
        .env("OLIST_DATABASE", database)
        .current_dir(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn dates() -> Vec<String> {
    (0..14).map(|month| format!("{}-{:02}-01", 2017 + month / 12, 1 + month % 12)).collect()
}

fn main() {
    // Cargo itself passes `--bench`.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = folder.map(|folder| std::fs::canonicalize(folder).unwrap().display().to_string());
    let dir = tempfile::tempdir().unwrap();
    let loaded = dir.path().join("loaded.duckdb");
    let origin = folder.as_deref().unwrap_or("--sample");
    println!("loading {origin}");
    olist(&loaded, &["ingest", origin]);
    let rendered: Vec<(String, String)> = dates()
        .iter()
        .flat_map(|date| TABLES.map(|table| (table, date.clone())))
        .map(|(table, date)| {
            let sql = olist(&loaded, &["render", &format!("{table}.sql"), "--date", &date]);
            (
                table.replace('/', "."),
                format!("select date '{date}' as reference_date, q.* from (\n{sql}\n) as q"),
            )
        })
        .collect();
    let (mut ours, mut theirs, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let copy = fresh(&loaded, dir.path());
        let range = format!("{}..{}", dates()[0], dates()[13]);
        let run = ["run", "--date", &range, "--select", "abt.seller_churn", "--quiet"];
        ours.push(timed(|| olist(&copy, &run)));
        idle.push(timed(|| olist(&copy, &run)));
        let copy = fresh(&loaded, dir.path());
        theirs.push(timed(|| plain_duckdb(&copy, &rendered)));
        println!(
            "round {}: olist run {:.2} s, DuckDB alone {:.2} s, nothing to do {:.3} s",
            round + 1,
            ours[round],
            theirs[round],
            idle[round]
        );
    }
    let (ours, theirs, idle) = (median(ours), median(theirs), median(idle));
    println!("112 partitions, medians of {ROUNDS} rounds");
    println!("  olist run       {ours:.2} s");
    println!("  DuckDB alone    {theirs:.2} s");
    println!("  ratio           {:.2}", ours / theirs);
    println!("  nothing to do   {idle:.3} s");
}

/// The same queries into the same tables, one after another, with DuckDB's own threads.
fn plain_duckdb(database: &Path, rendered: &[(String, String)]) {
    let conn = duckdb::Connection::open_in_memory().unwrap();
    conn.execute_batch(&format!("attach '{}' as warehouse; use warehouse", database.display())).unwrap();
    for (table, sql) in rendered {
        conn.execute_batch(&format!(
            "create table if not exists {table} as {sql} limit 0; insert into {table} {sql}"
        ))
        .unwrap();
    }
}

fn fresh(loaded: &Path, dir: &Path) -> PathBuf {
    let copy = dir.join("copy.duckdb");
    let _ = std::fs::remove_file(dir.join("copy.duckdb.wal"));
    std::fs::copy(loaded, &copy).unwrap();
    copy
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let started = Instant::now();
    work();
    started.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
