//! What database a command finds, and what it makes of it.

use crate::support::Place;

/// A database of the first version of the tool's own tables is brought up to date, and keeps its champion.
#[test]
fn an_older_database_is_brought_up_to_date() {
    let place = Place::with_sample();
    first_version_of_the_tables(&place.path("olist.duckdb"));
    // What only reads brings it up to date as well, if it has to.
    place.olist(&["status"]).code(0);
    first_version_of_the_tables(&place.path("olist.duckdb"));
    place
        .olist(&["run", "--date", "2018-05-01"])
        .code(0)
        .does_not_say(&["there is no champion yet", "seller_churn: trained"]);
    assert_eq!(
        place.cell("select value from pipeline.settings where name = 'tables_version'"),
        "9",
        "the upgrade did not happen"
    );
    let filled = "select bool_and(snapshots = 1 and entities = rows and slice is null) from registry.metrics";
    assert_eq!(place.cell(filled), "true");
    place.olist(&["models", "seller_churn"]).code(0).says(&["out of time"]);
    place.olist(&["report", "seller_churn", "--out", "old.html"]).code(0);
    assert!(place.read("old.html").contains("trained by an earlier olist"));
}

/// Takes away what later versions of the tables have brought.
fn first_version_of_the_tables(database: &std::path::Path) {
    let connection = duckdb::Connection::open(database).unwrap();
    connection
        .execute_batch(
            "drop table registry.outbox;
             drop table registry.files;
             drop table registry.texts;
             drop table registry.contests;
             drop table registry.means;
             drop table registry.dependence;
             drop table registry.curves;
             drop table registry.rules;
             drop table registry.inputs;
             drop table registry.segments;
             drop table pipeline.failures;
             alter table pipeline.partitions drop column labels_until;
             alter table pipeline.partitions drop column lake;
             alter table pipeline.partitions drop column is_here;
             alter table pipeline.loads drop column definition;
             alter table pipeline.loads drop column equal_until;
             alter table registry.metrics drop column slice;
             alter table registry.metrics drop column snapshots;
             alter table registry.metrics drop column entities;
             update pipeline.settings set value = '1' where name = 'tables_version';",
        )
        .unwrap();
}

#[test]
fn a_command_that_reads_what_others_wrote_makes_no_database() {
    let place = Place::with_project();
    for command in [
        &["score", "seller_churn", "--date", "2018-06-01"][..],
        &["train", "seller_churn"],
        &["promote", "seller_churn", "1"],
        &["rollback", "seller_churn"],
        &["models"],
        &["query", "select 1"],
    ] {
        place.olist(command).code(2).says(&["there is no database `olist.duckdb`"]);
        assert!(!place.path("olist.duckdb").exists(), "{command:?} made a database");
    }
}

#[test]
fn a_foreign_database_is_left_alone() {
    let place = Place::new();
    let file = place.path("other.duckdb");
    duckdb::Connection::open(&file).unwrap().execute_batch("create table mine as select 1 as a").unwrap();
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "other.duckdb"])
        .code(2)
        .says(&["is a database of something else", "`main.mine`"]);
    place.write(
        "text.duckdb",
        "this is no database, only a text that is long enough to be looked at".repeat(100),
    );
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "text.duckdb"])
        .code(2)
        .says(&["is not a DuckDB database"]);
    place
        .olist(&["run", "--date", "2018-06-01", "--database", "no/folder/x.duckdb"])
        .code(2)
        .says(&["there is no database `no/folder/x.duckdb`"]);
    place
        .olist(&["ingest", "--sample", "--orders", "3000", "--database", "no/folder/x.duckdb"])
        .code(2)
        .says(&["does its folder exist"]);
}

#[test]
fn names_of_files_and_schemas_do_not_collide() {
    let place = Place::new();
    place.olist(&["ingest", "--sample", "--orders", "2000", "--database", "features.duckdb"]).code(0);
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "seller_sales", "--database", "features.duckdb"])
        .code(0);
}
