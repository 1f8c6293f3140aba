//! The gate before the version that serves: who takes over, who stays, and what is remembered of it.

use super::support::Place;
use super::train::{model, with_candidates};

const MODEL: &str = "models/seller_churn.sql";
const RUN: [&str; 3] = ["run", "--date", "2018-06-01"];
const LOGISTIC: &str = "'logistic': {'algorithm': 'logistic_regression'},";
/// What a churn model lives on.
const STRONG: &str = "recency_days, orders_90d, order_count, ";
const SCORING: &str =
    "select any_value(model_version) from scores.seller_churn where reference_date = date '2018-06-01'";
const VERSIONS: &str = "select count(*) from registry.models";

/// A champion, version 2, of a model with these columns beside a weak one.
fn champion_of(columns: &str) -> Place {
    let place = with_candidates(LOGISTIC);
    place.edit(MODEL, STRONG, columns);
    place.once(&RUN).code(0).says(&["version 2, there is no champion yet"]);
    place
}

#[test]
fn a_worse_edit_does_not_take_over() {
    let place = champion_of(STRONG);
    let before = place.query("select seller_id, score from scores.seller_churn order by 1");
    place.edit(MODEL, STRONG, "");
    let ran = place.olist(&RUN).code(0).says(&[
        "models/seller_churn.sql changed since version 2: `logistic`: roc_auc 0.",
        " of version 2 (-0.",
        "): version 2 stays",
        "version 3 is kept and does not serve; `olist run --date 2018-06-01 --accept` or `olist promote seller_churn 3`",
    ]);
    // The one that serves is measured on the same folds.
    assert!(ran.stderr.contains("logistic (version 2)"), "{}", ran.stderr);
    assert_eq!(place.cell(SCORING), "2");
    assert_eq!(place.query("select seller_id, score from scores.seller_churn order by 1"), before);
    assert_eq!(place.query("select version from registry.champions where until is null"), ["2"]);
    let contest = "select version, against, candidate, metric, difference < 0 and high < 0, basis, outcome
                   from registry.contests where version = 3";
    assert_eq!(place.query(contest), ["3,2,logistic,roc_auc,true,paired,kept"]);
    // It is not tried again, and what serves is told.
    place.olist(&RUN).code(0).says(&[
        "nothing to do",
        "version 2 serves, by its own files: models/seller_churn.sql changed since, and version 3",
    ]);
    assert_eq!(place.cell(VERSIONS), "3");
    // Later dates are scored by its own files as well, and after retrain_days these are fitted again.
    place.olist(&["score", "seller_churn", "--date", "2018-05-20"]).code(0).says(&["by version 2"]);
    place.olist(&["models", "seller_churn", "--format", "csv"]).code(0);
    place
        .olist(&["run", "--date", "2018-06-01", "--accept"])
        .code(0)
        .says(&["`logistic` takes over, by --accept"]);
    assert_eq!(place.query("select outcome from registry.contests where version = 4"), ["accepted"]);
    assert_eq!(place.cell(SCORING), "4");
}

#[test]
fn a_real_improvement_takes_over() {
    let place = champion_of("");
    place.edit(MODEL, "label_known_on, ", &format!("label_known_on, {STRONG}"));
    place.olist(&RUN).code(0).says(&[
        "models/seller_churn.sql changed since version 2: `logistic`: roc_auc 0.",
        " of version 2 (0.",
        "): `logistic` takes over",
    ]);
    assert_eq!(place.cell(SCORING), "3");
    assert_eq!(
        place.query("select low > 0, outcome from registry.contests where version = 3"),
        ["true,takes over"]
    );
    let diff = place.olist(&["models", "seller_churn", "--diff", "2", "3"]).code(0);
    for part in [
        "--- models/seller_churn.sql (version 2)",
        "+select seller_id, is_churned, label_known_on, recency_days, orders_90d, order_count, ln(",
        "inputs added: recency_days, orders_90d, order_count\n",
        "the candidate and its settings are the same",
        "version_2  version_3  difference",
    ] {
        assert!(diff.stdout.contains(part), "{part}:\n{}", diff.stdout);
    }
    let json = place.olist(&["models", "seller_churn", "--diff", "2", "3", "--format", "json"]).code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["metrics"][0]["metric"], "roc_auc");
    assert_eq!(json["metrics"].as_array().unwrap().len(), 8 * 4);
    let whole = place.olist(&["models", "seller_churn", "--version", "3", "--format", "json"]).code(0);
    let whole: serde_json::Value = serde_json::from_str(&whole.stdout).unwrap();
    assert_eq!(whole["contest"]["against"], 2);
    assert!(whole["files"]["abt/seller_churn.sql"].as_str().unwrap().starts_with("{{ config("));
    assert!(whole["out_of_time"].as_array().unwrap().len() >= 8, "{whole}");
    // Means have intervals too.
    let mean = |line: &&str| line.split_whitespace().nth(1) == Some("mean") && line.contains("..0.");
    let table = place.olist(&["models", "seller_churn", "--version", "3"]).code(0).stdout;
    assert_eq!(table.lines().filter(mean).count(), 1, "{table}");
    place
        .olist(&["models", "seller_churn", "--version", "2"])
        .code(0)
        .says(&["version 2, there is no champion yet"]);
}

#[test]
fn on_a_tie_the_version_stays() {
    let place = champion_of(STRONG);
    place.edit(MODEL, STRONG, &format!("{STRONG}(hash(seller_id) % 100)::double as noise, "));
    place.olist(&RUN).code(0).says(&["): version 2 stays", "version 3 is kept"]);
    assert_eq!(place.query("select low < 0 and high > 0 from registry.contests where version = 3"), ["true"]);
    // An undone edit leaves nothing behind.
    place.edit(MODEL, "(hash(seller_id) % 100)::double as noise, ", "");
    place.olist(&RUN).code(0).does_not_say(&["by its own files"]);
    assert_eq!(place.cell(SCORING), "2");
}

#[test]
fn an_edit_that_changes_no_row_is_the_same_model() {
    let place = champion_of(STRONG);
    place.edit(
        MODEL,
        "from {{ ref('abt.seller_churn') }}",
        "from (select * from {{ ref('abt.seller_churn') }}) as q",
    );
    place
        .olist(&RUN)
        .code(0)
        .says(&["changed since version 2: `logistic` of version 2 fitted again, mean roc_auc"]);
    assert_eq!(place.cell(SCORING), "3");
}

#[test]
fn a_version_serves_by_the_tables_that_it_was_trained_on() {
    let place = champion_of(STRONG);
    let scores = "select seller_id, round(score, 9) from scores.seller_churn where reference_date = '2018-06-01' order by 1";
    let before = place.query(scores);
    // Orders of half of all sellers alone.
    place.edit(
        "features/seller_sales.sql",
        "filter (where age_days <= {{ n }})",
        "filter (where age_days <= {{ n }} and hash(seller_id) % 2 = 0)",
    );
    place
        .olist(&RUN)
        .code(0)
        .says(&["features/seller_sales.sql changed since version 2", "): version 2 stays"]);
    assert_eq!(place.query(scores), before);
}

#[test]
fn what_serves_is_fitted_again_by_its_own_files_when_it_is_old() {
    let place = with_candidates(LOGISTIC);
    place.olist(&["run", "--date", "2018-04-01"]).code(0).says(&["version 2, there is no champion yet"]);
    place.edit(MODEL, STRONG, "");
    place.olist(&["run", "--date", "2018-05-01"]).code(0).says(&[
        "version 3, models/seller_churn.sql changed since version 2",
        "version 4, version 2 is 30 days old, retrain_days is 28: `logistic` of version 2 fitted again",
    ]);
    let made = "select version, as_of, len(inputs), definition = (select definition from registry.models where version = 2)
                from registry.models where version > 1 order by 1";
    assert_eq!(place.query(made), ["2,2018-04-01,4,true", "3,2018-05-01,1,false", "4,2018-05-01,4,true"]);
    assert_eq!(place.query("select version from registry.champions where until is null"), ["4"]);
    // The edit is tried again after retrain_days; until then only what serves is fitted again.
    place
        .olist(&["run", "--date", "2018-05-01"])
        .code(0)
        .says(&["nothing to do", "version 4 serves, by its own files"]);
    place
        .olist(&["run", "--date", "2018-06-01"])
        .code(0)
        .says(&["changed since version 4", "version 6, version 4 is 31 days old"]);
    assert_eq!(place.query("select version from registry.champions where until is null"), ["6"]);
}

#[test]
fn a_rollback_persists() {
    let place = champion_of("");
    place.edit(MODEL, "label_known_on, ", &format!("label_known_on, {STRONG}"));
    place.olist(&RUN).code(0).says(&["`logistic` takes over"]);
    place.olist(&["rollback", "seller_churn"]).code(0).says(&["version 2 of `seller_churn` is champion"]);
    place
        .olist(&RUN)
        .code(0)
        .says(&["version 2 serves, by its own files", "version 3, which is of the files as they are"]);
    assert_eq!(place.cell(SCORING), "2");
    assert_eq!(place.cell(VERSIONS), "3");
    place.olist(&["promote", "seller_churn", "3"]).code(0);
    place.olist(&RUN).code(0).does_not_say(&["by its own files"]);
    assert_eq!(place.cell(SCORING), "3");
}

#[test]
fn other_candidates_need_more_than_luck() {
    let twins = "'logistic': {'algorithm': 'logistic_regression', 'alpha': 30},
        'twin': {'algorithm': 'logistic_regression', 'alpha': 29},";
    let place = with_candidates(LOGISTIC);
    place.once(&RUN).code(0);
    place.write(MODEL, model(twins));
    place.olist(&RUN).code(0).says(&[
        "`twin`: roc_auc",
        ": version 2 stays",
        "`logistic` of version 2 fitted again",
    ]);
    assert_eq!(place.query("select candidate from registry.models where version = 3"), ["logistic"]);
}

#[test]
fn a_version_whose_source_lost_a_column_gives_way() {
    let place = with_candidates(LOGISTIC);
    place.once(&RUN).code(0);
    let file = "features/seller_payments.sql";
    for _ in 0..place.read(file).matches("payment_installments").count() {
        place.edit(file, "payments.payment_installments", "1");
    }
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch("alter table sources.order_payments drop column payment_installments").unwrap();
    conn.close().unwrap();
    place.olist(&RUN).code(0).says(&[
        "version 2 cannot be fitted again: ",
        "payment_installments",
        " of version 2, as its own training recorded it (",
        "`logistic` takes over, because version 2 cannot score any more",
    ]);
    assert_eq!(place.query("select basis from registry.contests where version = 3"), ["recorded"]);
    assert_eq!(place.cell(SCORING), "3");
}

#[test]
fn a_version_of_an_earlier_olist_is_compared_by_what_was_recorded() {
    let place = champion_of(STRONG);
    let forget = || {
        let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
        conn.execute_batch("delete from registry.files; delete from registry.texts").unwrap();
        conn.close().unwrap();
    };
    // As long as nothing is edited, its files are those of the project, and kept from now on.
    forget();
    place.olist(&RUN).code(0).says(&["nothing to do"]);
    assert_eq!(place.cell("select count(distinct file) > 5 from registry.files where version = 2"), "true");
    forget();
    // The same inputs, of other rows: it could score them.
    place.edit(
        MODEL,
        "from {{ ref('abt.seller_churn') }}",
        "from {{ ref('abt.seller_churn') }} where order_count > 1",
    );
    place.olist(&RUN).code(0).says(&[
        "version 2 cannot be fitted again: its files were not kept",
        " of version 2, as its own training recorded it (",
        "): version 2 stays",
    ]);
    place.olist(&["models", "seller_churn", "--diff", "2", "3"]).code(0);
    // Other inputs: it cannot.
    place.edit(MODEL, STRONG, "order_count, ");
    place.olist(&RUN).code(0).says(&["takes over, because version 2 cannot score any more"]);
    assert_eq!(place.cell(SCORING), "4");
}
