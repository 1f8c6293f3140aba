//! `olist run`: the main job, again and the same, all or nothing.

use super::support::Place;

#[test]
fn a_newcomers_first_command_ends_in_scores() {
    let place = Place::new();
    let ran = place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "there is no database yet: loading the synthetic marketplace (100,000 orders)",
        "seller_activation: trained as of 2018-06-01",
        "seller_churn: trained as of 2018-06-01",
        "order_delay: trained as of 2018-06-01",
        "seller_segments: trained as of 2018-06-01",
        "rule_of_thumb",
        "    at most a week old",
        "read all of them:\n  olist query \"select * from scores.seller_churn where reference_date = date '2018-06-01' order by rank\"",
        "read all of them:\n  olist query \"select * from scores.seller_segments where reference_date = date '2018-06-01' order by segment, distance\"",
    ]);
    // Five rows and a header of each model, and the profile of the segments.
    let heads: Vec<&str> = ran
        .stdout
        .lines()
        .filter(|line| line.contains("  model_version  ") || line.starts_with("segment "))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(heads, ["order_id", "seller_id", "seller_id", "segment"], "{}", ran.stdout);
    assert!(ran.stdout.lines().count() <= 3 * 6 + 7, "{}", ran.stdout);
    // The queries it shows work, and a score is a probability.
    for model in ["seller_churn", "seller_activation", "order_delay"] {
        let rows = place.query(&format!(
            "select * from scores.{model} where reference_date = date '2018-06-01' order by rank"
        ));
        assert!(rows.len() > 100, "{} rows of {model}", rows.len());
        let sane = format!(
            "select bool_and(score between 0 and 1) and min(rank) = 1 and min(decile) = 1 and max(decile) = 10
                 and bool_and(trained_through <= date '2018-06-01') from scores.{model}"
        );
        assert_eq!(place.cell(&sane), "true", "{model}");
    }
    // The sample's own promise: the learned models find something, and none finds everything.
    sample_is_neither_hopeless_nor_perfect(&place, "seller_churn", 0.75..0.92);
    sample_is_neither_hopeless_nor_perfect(&place, "seller_activation", 0.56..0.80);
    sample_is_neither_hopeless_nor_perfect(&place, "order_delay", 0.70..0.90);
    several_models_in_one_answer_for_programs(&place);
    reports_answer(&place);
}

fn sample_is_neither_hopeless_nor_perfect(place: &Place, model: &str, sane: std::ops::Range<f64>) {
    let mean = |which: &str| -> f64 {
        let sql = format!(
            "select avg(value) from registry.metrics
             where model = '{model}' and metric = 'roc_auc' and slice is null and candidate {which}"
        );
        place.cell(&sql).parse().unwrap()
    };
    let rule = mean("= 'rule_of_thumb'");
    let champion = mean(&format!("= (select candidate from registry.models where model = '{model}')"));
    assert!(sane.contains(&champion), "out-of-time AUC of the champion of {model} on the sample: {champion}");
    assert!(champion > rule + 0.005, "{model}: rule {rule}, champion {champion}");
}

/// Several tables on one stdout could not be read by a program: it gets one, of the partitions.
fn several_models_in_one_answer_for_programs(place: &Place) {
    let ran = place.olist(&["run", "--date", "2018-06-01", "--format", "json"]).code(0);
    let lines: Vec<serde_json::Value> = serde_json::from_str(&ran.stdout).unwrap();
    let tables: Vec<&str> = lines.iter().map(|line| line["table_name"].as_str().unwrap()).collect();
    assert_eq!(
        tables,
        ["scores.order_delay", "scores.seller_activation", "scores.seller_churn", "scores.seller_segments"]
    );
    let rows = place.cell("select count(*) from scores.order_delay");
    assert_eq!(lines[0]["rows"].to_string().trim_matches('"'), rows);
    // One model alone gives its rows, as the table does.
    let one = place.olist(&["run", "--date", "2018-06-01", "--select", "seller_segments", "--format", "csv"]);
    assert!(one.code(0).stdout.starts_with("segment,segment_name,"));
}

/// The reports over the scores: who, why, and that they agree with the tables they are made of.
fn reports_answer(place: &Place) {
    let report = |name: &str| {
        let ran = place.olist(&["query", name, "--format", "csv"]).code(0);
        let (head, rows) = ran.stdout.split_once('\n').unwrap();
        (head.to_owned(), rows.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let (head, rows) = report("orders_to_rescue");
    assert!(
        head.starts_with(
            "order_id,late_probability,order_value_brl,expected_loss_brl,days_to_promise,whose_turn"
        ),
        "{head}"
    );
    assert_eq!(rows.len(), 100);
    // The first is the largest product of the score and what the customer pays, over all orders under way.
    let first = place.cell(
        "select s.order_id from scores.order_delay as s
         inner join abt.order_delay as a using (reference_date, order_id)
         where s.reference_date = date '2018-06-01' and a.seller_id is not null
         order by round(s.score * (a.price_brl + a.freight_brl), 2) desc, s.order_id limit 1",
    );
    assert!(rows[0].starts_with(&first), "{first}: {}", rows[0]);
    let turns = ["seller", "carrier", "payment"];
    assert!(rows.iter().all(|row| turns.contains(&row.split(',').nth(5).unwrap())), "{rows:?}");

    let (head, rows) = report("deals_to_help");
    assert!(head.starts_with("action,seller_id,start_probability,days_since_deal"), "{head}");
    for action in ["unblock", "set up", "win back"] {
        let mine = rows.iter().filter(|row| row.starts_with(action)).count();
        assert!((1..=20).contains(&mine), "{mine} rows to {action}: {rows:?}");
    }
    // `why` names two reasons, each with how many times as often its peers start.
    assert!(rows.iter().all(|row| row.contains(" x")), "{rows:?}");
}

#[test]
fn a_report_is_of_the_newest_date_of_its_own_scores() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-04-01", "--select", "scores.seller_churn"]).code(0);
    // Features of a later date, without scores, do not move it.
    place.olist(&["run", "--date", "2018-07-01", "--select", "features.seller_sales"]).code(0);
    let newest = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0);
    let june = ["query", "seller_churn_to_call", "--date", "2018-06-01", "--format", "csv"];
    let april = ["query", "seller_churn_to_call", "--date", "2018-04-01", "--format", "csv"];
    assert_eq!(newest.stdout, place.olist(&june).code(0).stdout);
    assert_ne!(newest.stdout, place.olist(&april).code(0).stdout);
}

/// A database of the first version of the tool's own tables is brought up to date, and keeps its champion.
#[test]
fn an_older_database_is_brought_up_to_date() {
    let place = Place::with_sample();
    first_version_of_the_tables(&place.path("olist.duckdb"));
    place
        .olist(&["run", "--date", "2018-05-01"])
        .code(0)
        .does_not_say(&["there is no champion yet", "seller_churn: trained"]);
    assert_eq!(
        place.cell("select value from pipeline.settings where name = 'tables_version'"),
        "5",
        "the upgrade did not happen"
    );
    let filled = "select bool_and(snapshots = 1 and entities = rows and slice is null) from registry.metrics";
    assert_eq!(place.cell(filled), "true");
    place.olist(&["models", "seller_churn"]).code(0).says(&["out of time"]);
}

/// Takes away what later versions of the tables have brought.
fn first_version_of_the_tables(database: &std::path::Path) {
    let connection = duckdb::Connection::open(database).unwrap();
    connection
        .execute_batch(
            "drop table registry.outbox;
             drop table registry.inputs;
             drop table registry.segments;
             alter table registry.metrics drop column slice;
             alter table registry.metrics drop column snapshots;
             alter table registry.metrics drop column entities;
             update pipeline.settings set value = '1' where name = 'tables_version';",
        )
        .unwrap();
}

#[test]
fn again_there_is_nothing_to_do() {
    let place = Place::with_sample();
    let ledger = "select max(built_at), count(*) from pipeline.partitions";
    let before = place.cell(ledger);
    let runs = place.cell("select count(*) from pipeline.runs");
    place
        .olist(&["run", "--date", "2018-06-01"])
        .code(0)
        .says(&["nothing to do: everything is built and unchanged"]);
    assert_eq!(place.cell(ledger), before);
    assert_eq!(place.cell("select count(*) from pipeline.runs"), runs);
}

#[test]
fn force_gives_the_same_rows() {
    let place = Place::with_sample();
    let digest = "select md5(string_agg(t::varchar, ';' order by seller_id)) from (
        select * replace (round(lifetime_revenue_brl, 4) as lifetime_revenue_brl) from features.seller_sales
        where reference_date = date '2018-06-01') as t";
    let before = place.cell(digest);
    let built = place.cell("select built_at from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'");
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "features.seller_sales", "--force"])
        .code(0)
        .says(&["features.seller_sales", "--force"]);
    assert_eq!(place.cell(digest), before);
    assert_ne!(place.cell("select built_at from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'"), built);
    let twice = "select count(*) from pipeline.partitions where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'";
    assert_eq!(place.cell(twice), "1");
}

#[test]
fn ranges_and_steps() {
    let place = Place::with_sample();
    place
        .olist(&[
            "run",
            "--date",
            "2018-03-05..2018-03-20",
            "--every",
            "week",
            "--select",
            "features.seller_sales",
        ])
        .code(0);
    let dates = "select distinct reference_date from features.seller_sales
                 where reference_date between date '2018-03-02' and date '2018-03-31' order by all";
    assert_eq!(place.query(dates), ["2018-03-05", "2018-03-12", "2018-03-19"]);
    place
        .olist(&["run", "--date", "2018-03-25", "--date", "2018-03-26", "--select", "features.seller_sales"])
        .code(0);
    assert_eq!(place.query(dates).len(), 5);
    place.olist(&["run", "--date", "2018-03-05..2018-02-01"]).code(2).says(&["write the earlier date first"]);
}

#[test]
fn select_means_a_table_and_all_it_needs() {
    let place = Place::with_sample();
    let built = |date: &str| {
        place.query(&format!(
            "select table_name from pipeline.partitions where reference_date = date '{date}' order by 1"
        ))
    };
    place.olist(&["run", "--date", "2018-03-07", "--select", "seller_reviews"]).code(0);
    assert_eq!(built("2018-03-07"), ["features.seller_reviews"]);
    place.olist(&["run", "--date", "2018-03-08", "--select", "abt.seller_churn"]).code(0);
    assert_eq!(built("2018-03-08").len(), 7);
    place.olist(&["run", "--date", "2018-03-09", "--select", "features.seller_reviews+"]).code(0);
    assert!(built("2018-03-09").contains(&"scores.seller_churn".to_owned()), "{:?}", built("2018-03-09"));
    place
        .olist(&["run", "--date", "2018-03-09", "--select", "seller_review"])
        .code(2)
        .complains("error: --select seller_review: there is no such table or model\n\nhint: did you mean `seller_reviews`?\n");
}

#[test]
fn a_failed_check_leaves_the_earlier_partition() {
    let place = Place::with_sample();
    let rows = "select count(*) from features.seller_sales where reference_date = date '2018-06-01'";
    let (before, columns) =
        (place.cell(rows), "select count(*) from duckdb_columns() where table_name = 'seller_sales'");
    let width = place.cell(columns);
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count < 3',");
    place.edit(
        "features/seller_sales.sql",
        "select\n        days.seller_id,",
        "select\n        1 as one,\n        days.seller_id,",
    );
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.seller_sales"]).code(1).says(&[
        "check failed for ",
        "order_count < 3",
        "features/seller_sales.sql:",
        "reference date 2018-06-01",
        "for example",
        "the earlier partition stays",
    ]);
    assert_eq!(place.cell(rows), before);
    assert_eq!(place.cell(columns), width, "the table was altered although the check failed");
}

#[test]
fn a_date_beyond_the_data_is_refused() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-09-02"]).code(1).says(&[
        "reference date 2018-09-02 is too late: data until 2018-08-31",
        "the last possible --date is 2018-09-01",
    ]);
}

#[test]
fn months_in_order_are_the_history_that_monthly_runs_leave() {
    let place = Place::with_sample();
    place.olist(&["run", "--date", "2018-07-01..2018-09-01"]).code(0);
    let scores = place.query(
        "select reference_date, any_value(model_version), bool_and(trained_through <= reference_date)
         from scores.seller_churn group by 1 order by 1",
    );
    assert_eq!(scores, ["2018-06-01,1,true", "2018-07-01,2,true", "2018-08-01,3,true", "2018-09-01,4,true"]);
    let reigns = "select count(*) filter (where until is null), count(*) from registry.champions";
    assert_eq!(place.query(reigns), ["1,4"]);
    // A date before all training is scored by the present champion, and says so.
    place.olist(&["run", "--date", "2017-06-01"]).code(0);
    let back = "select any_value(model_version), bool_and(trained_through > reference_date)
                from scores.seller_churn where reference_date = date '2017-06-01'";
    assert_eq!(place.query(back), ["4,true"]);
}

#[test]
fn back_casts_are_told_in_one_line_a_model() {
    let place = Place::with_sample();
    let range = ["run", "--date", "2018-03-01..2018-06-01"];
    let line = "warning: seller_churn: 2018-03-01 to 2018-05-01 (3 dates) are back-casts by version 1, trained through \
                2018-06-01, which has seen what followed; the same range in a new database (--database FILE, loaded \
                alike) is the history that monthly runs would have left\n";
    let ran = place.olist(&range).code(0).says(&[line]);
    assert_eq!(ran.stderr.matches("back-cast").count(), 1, "{}", ran.stderr);
    // They are what they are when nothing is left to do.
    place.olist(&range).code(0).says(&["nothing to do", line]);
    place.olist(&["run", "--date", "2018-06-01"]).code(0).does_not_say(&["back-cast"]);
    place.olist(&["run", "--date", "2018-05-01"]).code(0).says(&["2018-05-01 is a back-cast by version 1"]);
}

/// What the warning promises: in a new database nothing of the range has seen what followed.
#[test]
fn a_range_in_a_new_database_has_no_back_casts() {
    let place = Place::with_churn();
    place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0);
    place
        .olist(&["run", "--date", "2018-03-01..2018-06-01"])
        .code(0)
        .does_not_say(&["back-cast"])
        .says(&["trained as of 2018-03-01", "trained as of 2018-06-01"]);
    let scores = "select count(distinct reference_date), bool_and(trained_through <= reference_date) from scores.seller_churn";
    assert_eq!(place.query(scores), ["4,true"]);
}

#[test]
fn nothing_to_show_is_an_empty_list() {
    let place = Place::with_sample();
    let store = ["run", "--date", "2018-06-01", "--select", "features.seller_sales", "--format"];
    place.olist(&[&store[..], &["json"]].concat()).code(0).prints("[]\n");
    place.olist(&[&store[..], &["table"]].concat()).code(0).prints("");
    // A date with nobody in the population.
    let nobody = ["score", "seller_churn", "--date", "2016-10-01", "--format", "json"];
    place.olist(&nobody).code(0).prints("[]\n").says(&["nobody is in its population"]);
    let new = Place::new();
    new.olist(&["ingest", "--sample", "--orders", "1000"]).code(0);
    new.olist(&["models", "--format", "json"]).code(0).prints("[]\n");
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

/// In a terminal of 60 columns no line of the progress or of a table is wider.
#[test]
fn a_narrow_terminal_is_not_written_over() {
    let place = Place::with_sample();
    let shown = |arguments: &str| {
        let run = format!("stty cols 60 rows 24; {} {arguments}", env!("CARGO_BIN_EXE_olist"));
        let mut script = std::process::Command::new("script");
        script.args(["-qec", &run, "/dev/null"]).current_dir(place.path(""));
        let output = script.output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).unwrap())
    };
    let progress = "run --force --date 2018-04-01 --select abt.seller_churn";
    let Some(progress) = shown(progress).filter(|text| text.contains("2018-04-01")) else {
        eprintln!("skipped: there is no `script` that gives a terminal");
        return;
    };
    let bars: Vec<&str> = progress.split(['\r', '\n']).filter(|line| line.contains(" build [")).collect();
    assert!(!bars.is_empty(), "{progress}");
    for bar in bars {
        let bar = bar.replace("\u{1b}[2K", "");
        assert!(bar.chars().count() <= 60, "{bar}");
    }
    let table = shown("query seller_churn_to_call").unwrap();
    let run = shown("run --date 2018-06-01 2>/dev/null").unwrap();
    assert!(run.contains('…'), "{run}");
    assert!(run.lines().all(|line| line.trim_end().chars().count() <= 60), "{run}");
    // Ten columns in 60 are no table any more: it is left as it is. A pipe gets all of it.
    assert!(!table.contains('…'), "{table}");
    assert!(!place.olist(&["run", "--date", "2018-06-01"]).code(0).stdout.contains('…'));
}

#[test]
fn quiet_prints_data_only() {
    let place = Place::with_sample();
    let ran =
        place.olist(&["run", "--date", "2018-06-01", "--quiet", "--format", "csv"]).code(0).complains("");
    assert!(
        ran.stdout.starts_with("seller_id,score,rank,decile,model_version,trained_through\n"),
        "{}",
        ran.stdout
    );
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
