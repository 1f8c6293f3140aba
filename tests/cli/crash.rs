//! Killed at any moment and run again, it ends the same; and at no time is there half of anything.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::support::{Place, times};

/// Numbers that look random and are the same in each run of the tests.
struct Moments(u64);

impl Moments {
    fn next(&mut self, up_to: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        up_to.mul_f64((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Runs the command and kills it after `delay`, if it is still there.
fn kill_after(place: &Place, arguments: &[&str], delay: Duration) -> bool {
    let mut child = place.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(delay);
    let was_running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    was_running
}

/// Everything that a database holds, but moments, durations and the names of runs.
fn content(place: &Place) -> Vec<String> {
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    let sql = "select schema_name || '.' || table_name, string_agg(column_name, ', ' order by column_index)
        from duckdb_columns() where not internal
            and column_name not in ('built_at', 'duration_ms', 'run_id', 'scored_at', 'trained_at', 'loaded_at', 'created_at',
                'since', 'until', 'started_at', 'finished_at', 'seconds', 'load_id', 'payload', 'computed_at', 'replaced_at',
                'failed_at')
            and table_name not in ('runs', 'loads')
        group by all order by all";
    let mut statement = conn.prepare(sql).unwrap();
    let tables: Vec<(String, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    tables
        .into_iter()
        .map(|(table, columns)| {
            let quoted: Vec<String> = columns.split(", ").map(|name| format!("\"{name}\"")).collect();
            let sql = format!(
                "select count(*) || ' ' || coalesce(md5(string_agg(md5(r::varchar), '' order by r::varchar)), '')
                 from (select {} from {table}) as r",
                quoted.join(", ")
            );
            let digest: String = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
            format!("{table} {digest}")
        })
        .collect()
}

/// The ledger has exactly what the tables have, and whatever is there is whole.
#[track_caller]
fn is_whole(place: &Place) {
    if !place.path("olist.duckdb").exists() {
        return;
    }
    // A checkpoint that was cut short is undone by whatever command comes next.
    place.olist(&["query", "select 1"]).code(0);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    let has_ledger =
        "select count(*) from duckdb_tables() where schema_name = 'pipeline' and table_name = 'partitions'";
    if conn.query_row(has_ledger, [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        return;
    }
    let sql = "select schema_name || '.' || table_name from duckdb_tables()
        where schema_name in ('features', 'abt', 'scores') and not regexp_matches(table_name, '_(profile|history)$')";
    let mut statement = conn.prepare(sql).unwrap();
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for table in tables {
        let sql = format!(
            "select count(*) from (
                 select reference_date, count(*) as rows from {table} group by all
                 except select reference_date, rows from pipeline.partitions where table_name = '{table}'
             )"
        );
        assert_eq!(conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{table}");
        let sql = format!(
            "select coalesce(sum(rows), 0)::bigint - (select count(*) from {table}) from pipeline.partitions where table_name = '{table}'"
        );
        assert_eq!(conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0, "{table}");
    }
    // A version is there with its metrics, its place among the champions and its news, or not at all.
    let broken = "select count(*) from registry.models as m
        where not exists (from registry.metrics as x where x.model = m.model and x.version = m.version)
            or not exists (from registry.outbox as o where o.model = m.model and o.version = m.version)";
    assert_eq!(conn.query_row(broken, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    let crowned = "select count(*) from (select model from registry.models) as m
        where not exists (from registry.champions as c where c.model = m.model)";
    assert_eq!(conn.query_row(crowned, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
    // Sources are all of one load, or none is there.
    let loads = "select count(*) from pipeline.loads where is_current";
    assert!([0, 11].contains(&conn.query_row(loads, [], |row| row.get::<_, i64>(0)).unwrap()));
}

const INGEST: [&str; 4] = ["ingest", "--sample", "--orders", "3000"];

/// The project of churn with candidates that are fitted fast.
fn fast_project() -> Place {
    let place = Place::with_churn();
    place.write(
        "models/seller_churn.sql",
        super::train::model(
            "'rule': {'algorithm': 'sql', 'expression': 'exp(-orders_90d / 90.0 * (45 - recency_days))'},
        'logistic': {'algorithm': 'logistic_regression'},",
        ),
    );
    place
}

/// Runs `arguments` until they come to an end, killed at a random moment each time; how often they were killed.
fn until_it_ends(
    place: &Place,
    arguments: &[&str],
    moments: &mut Moments,
    longest: Duration,
    kills: usize,
) -> usize {
    let mut killed = 0;
    while killed < kills {
        if !kill_after(place, arguments, moments.next(longest)) {
            break;
        }
        killed += 1;
        is_whole(place);
    }
    place.olist(arguments).code(0);
    is_whole(place);
    killed
}

#[test]
#[ignore = "a minute of kills"]
fn killed_anywhere_and_run_again_it_ends_the_same() {
    let run = ["run", "--date", "2018-05-01..2018-06-01"];
    let calm = fast_project();
    let since = Instant::now();
    calm.olist(&INGEST).code(0);
    let ingest_took = since.elapsed();
    let loaded = content(&calm);
    let since = Instant::now();
    calm.olist(&run).code(0);
    let run_took = since.elapsed();
    let expected = content(&calm);
    is_whole(&calm);

    let mut moments = Moments(7);
    let (mut kills, wanted) = (0, times(200));
    // As many rounds as it takes: how often a command is still there to be killed depends on the machine.
    for _ in 0..40 {
        if kills >= wanted {
            break;
        }
        let place = fast_project();
        kills += until_it_ends(&place, &INGEST, &mut moments, ingest_took.mul_f64(0.7), times(12).max(3));
        assert_eq!(content(&place), loaded);
        // The partitions that were done stay done, so each try comes further.
        kills += until_it_ends(&place, &run, &mut moments, run_took / 6, times(25).max(6));
        assert_eq!(content(&place), expected);
    }
    assert!(kills >= wanted, "{kills}");
}

#[test]
#[ignore = "half a minute of kills"]
fn a_training_a_scoring_and_a_promotion_are_whole_or_not_there() {
    let place = fast_project();
    place.olist(&INGEST).code(0);
    place.olist(&["run", "--date", "2018-06-01"]).code(0);
    let mut moments = Moments(11);
    let (mut kills, tries) = (0, times(40).max(3));
    for arguments in [
        &["train", "seller_churn", "--as-of", "2018-06-01"][..],
        &["score", "seller_churn", "--date", "2018-06-01", "--force"],
        &["promote", "seller_churn", "1"],
        &["rollback", "seller_churn"],
    ] {
        let since = Instant::now();
        place.olist(arguments);
        let took = since.elapsed();
        for _ in 0..tries {
            kills += usize::from(kill_after(&place, arguments, moments.next(took)));
            is_whole(&place);
        }
    }
    // Where a command ends by itself first, nothing was killed.
    assert!(kills >= tries * 3 / 2, "{kills} of {}", 4 * tries);
    // All of it still works.
    place.olist(&["run", "--date", "2018-06-01", "--force"]).code(0);
    let one = "select count(*) from registry.champions where until is null";
    assert_eq!(place.cell(one), "1");
}

#[test]
fn the_journal_of_a_process_at_work_is_left_alone() {
    let place = fast_project();
    place.olist(&INGEST).code(0);
    let holder = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    place.write("olist.duckdb.journal", "what it may have to undo");
    place.olist(&["query", "select 1"]).code(2).says(&["is in use by process"]);
    assert!(place.path("olist.duckdb.journal").exists());
    holder.close().unwrap();
    place.olist(&["query", "select 1"]).code(0);
    assert!(!place.path("olist.duckdb.journal").exists());
}
