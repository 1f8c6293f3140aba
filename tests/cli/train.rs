//! Training, the registry, and who is champion.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::support::Place;

/// A model with fast candidates, instead of the built-in one, whose version 1 is no champion any more.
pub fn with_candidates(candidates: &str) -> Place {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    let place = Place::with_churn();
    place.copy_database(&MADE, || {
        let place = Place::with_sample();
        let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
        conn.execute_batch("delete from registry.champions").unwrap();
        conn.close().unwrap();
        place
    });
    place.write("models/seller_churn.sql", model(candidates));
    place
}

pub fn model(candidates: &str) -> String {
    format!(
        "{{{{ config(
    task = 'binary',
    key = 'seller_id',
    label = 'is_churned',
    metric = 'roc_auc',
    description = 'Churn.',
    snapshots = {{'from': '2017-09-01', 'every': 'month'}},
    validate = 3,
    retrain_days = 28,
    candidates = {{
        {candidates}
    }},
) }}}}
select seller_id, is_churned, label_known_on, recency_days, orders_90d, order_count, ln(1 + lifetime_revenue_brl) as revenue
from {{{{ ref('abt.seller_churn') }}}}
"
    )
}

/// The analyst's rule, which takes no time to train.
pub const RULE: &str =
    "'rule': {'algorithm': 'sql', 'expression': 'exp(-orders_90d / 90.0 * (45 - recency_days))'},";
const LOGISTIC: &str = "'logistic': {'algorithm': 'logistic_regression'},";
const CHANCE: &str = "'chance': {'algorithm': 'sql', 'expression': '0.3'},";

#[test]
fn the_rule_stays_unless_beaten() {
    // A forest of one leaf knows nothing; the rule has to win against it.
    let stump = "'stump': {'algorithm': 'random_forest', 'trees': 1, 'min_samples_leaf': 100000},";
    let place = with_candidates(&format!("{stump}\n        {RULE}"));
    place
        .olist(&["run", "--date", "2018-06-01"])
        .code(0)
        .says(&["there is no champion yet: `rule` has the best mean roc_auc"]);
    assert_eq!(place.cell("select candidate || ' ' || algorithm || ' ' || (fitted is null)::varchar from registry.models where version = 2"), "rule sql true");
    let by_hand = "select max(abs(score - exp(-orders_90d / 90.0 * (45 - recency_days)))) < 1e-12
                   from scores.seller_churn inner join features.seller_sales using (reference_date, seller_id)
                   where reference_date = date '2018-06-01'";
    assert_eq!(place.cell(by_hand), "true");
}

#[test]
fn a_learned_model_that_beats_the_rule_takes_over() {
    let place = with_candidates(&format!("{CHANCE}\n        {LOGISTIC}"));
    let ran = place.olist(&["train", "seller_churn", "--as-of", "2018-06-01", "--format", "csv"]).code(0);
    assert_eq!(ran.stdout.lines().count(), 1 + 2 * 4, "{}", ran.stdout);
    assert!(
        ran.stdout
            .starts_with("candidate,slice,snapshot,snapshots,rows,entities,base_rate,mean_score,roc_auc,"),
        "{}",
        ran.stdout
    );
    assert_eq!(place.cell("select candidate from registry.models where version = 2"), "logistic");
}

#[test]
fn a_new_candidate_is_trained_and_the_reason_is_told() {
    let place = with_candidates(RULE);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    place.write("models/seller_churn.sql", model(&format!("{RULE}\n        {LOGISTIC}")));
    place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "version 3, models/seller_churn.sql changed since version 2: `logistic`: roc_auc 0.",
        "): `logistic` takes over",
    ]);
    place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&["nothing to do"]);
}

#[test]
fn an_edit_that_cannot_be_trained_is_no_success() {
    let place = with_candidates(LOGISTIC);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    place.edit("models/seller_churn.sql", "'from': '2017-09-01'", "'from': '2018-06-01'");
    place.olist(&["run", "--date", "2018-06-01"]).code(1).says(&[
        "seller_churn: cannot be trained as of 2018-06-01",
        "models/seller_churn.sql changed since version 2; scored by version 2, of the files before",
        "undo the edit",
    ]);
}

#[test]
fn the_champion_defends_itself_after_it_left_the_file() {
    let place = with_candidates(LOGISTIC);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    place.write("models/seller_churn.sql", model(CHANCE));
    place.olist(&["run", "--date", "2018-06-01"]).code(0).says(&[
        "`chance`: roc_auc 0.5000 against 0.",
        " of version 2 (-0.",
        "): version 2 stays",
    ]);
}

#[test]
fn training_sees_only_labels_known_as_of_its_date() {
    let place = with_candidates(&format!("{RULE}\n        {LOGISTIC}"));
    place.olist(&["train", "seller_churn", "--as-of", "2018-03-01"]).code(0);
    let rows = "select trained_rows from registry.models where version = 2";
    let known = "select count(*) from abt.seller_churn where is_churned is not null and label_known_on <= date '2018-03-01'
                 and reference_date <= date '2018-03-01' and day(reference_date) = 1 and reference_date >= date '2017-09-01'";
    assert_eq!(place.cell(rows), place.cell(known));
    assert_eq!(place.cell("select trained_through <= as_of and as_of = date '2018-03-01' from registry.models where version = 2"), "true");
    let snapshots = "select distinct snapshot from registry.metrics where version = 2 order by 1";
    assert_eq!(place.query(snapshots), ["2017-11-01", "2017-12-01", "2018-01-01"]);
}

#[test]
fn too_early_to_train_is_explained() {
    let place = with_candidates(LOGISTIC);
    place
        .olist(&["train", "seller_churn", "--as-of", "2017-09-05"])
        .code(1)
        .says(&["cannot be trained as of 2017-09-05", "no snapshot has its labels known by 2017-09-05"]);
}

#[test]
fn the_same_seed_gives_the_same_model_on_any_number_of_threads() {
    let forests = "'f': {'algorithm': 'random_forest', 'trees': 20}, 'e': {'algorithm': 'extra_trees', 'trees': 20}, \
                   'b': {'algorithm': 'gradient_boosting', 'trees': 20}, 'all': {'algorithm': 'blend', 'of': ['f', 'e', 'b']},";
    let place = with_candidates(forests);
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01", "--threads", "1"]).code(0);
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01", "--threads", "2"]).code(0);
    let same = "select count(distinct md5(fitted::varchar)), count(distinct data_digest), count(*) from registry.models where version > 1";
    assert_eq!(place.query(same), ["1,1,2"]);
    let metrics = "select count(distinct value) from registry.metrics where version > 1 and candidate = 'all' and metric = 'log_loss' and snapshot = date '2018-04-01'";
    assert_eq!(place.cell(metrics), "1");
}

#[test]
fn promote_and_rollback_change_who_scores() {
    let place = with_candidates(RULE);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    let version =
        "select any_value(model_version) from scores.seller_churn where reference_date = date '2018-06-01'";
    assert_eq!(place.cell(version), "2");
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01"]).code(0);
    place
        .olist(&["promote", "seller_churn", "2", "--reason", "calmer"])
        .code(0)
        .says(&["version 2 of `seller_churn` is champion"]);
    place
        .olist(&["score", "seller_churn", "--date", "2018-06-01", "--force"])
        .code(0)
        .says(&["by version 2"]);
    let rollback = ["rollback", "seller_churn"];
    place.olist(&rollback).code(0).says(&["version 3 of `seller_churn` is champion"]);
    place.olist(&rollback).code(2).says(&["has no earlier champion to go back to"]);
    place.olist(&["promote", "seller_churn", "2"]).code(0);
    let present = "select version, reason from registry.champions where until is null";
    assert_eq!(place.query(present), ["2,promoted by hand"]);
    place.olist(&["score", "seller_churn", "--date", "2018-06-01"]).code(0).says(&["unchanged by version 2"]);
    place
        .olist(&["promote", "seller_churn", "9"])
        .code(2)
        .says(&["`seller_churn` has no version 9", "its versions: 1, 2, 3"]);
    place.olist(&["promote", "seller_chrun", "1"]).code(2).says(&["`seller_chrun` has no version 1"]);
}

#[test]
fn inputs_that_are_no_numbers_are_explained() {
    let place = with_candidates(LOGISTIC);
    place.edit("models/seller_churn.sql", "order_count, ln", "nullif(order_count, 1) as some_count, ln");
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01"]).code(1).says(&[
        "input `some_count` is NULL in",
        "models/seller_churn.sql:14",
        "coalesce(some_count, 0)",
    ]);
    place.edit("models/seller_churn.sql", "nullif(order_count, 1) as some_count", "'x' as some_text");
    place
        .olist(&["train", "seller_churn", "--as-of", "2018-06-01"])
        .code(2)
        .says(&["input `some_text` is VARCHAR, not a number"]);
}

#[test]
fn a_rule_has_to_be_a_probability() {
    let place = with_candidates("'rule': {'algorithm': 'sql', 'expression': 'recency_days'},");
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01"]).code(1).says(&[
        "the rule `rule` gives",
        "which is no probability",
        "models/seller_churn.sql:11",
    ]);
    place.write(
        "models/seller_churn.sql",
        model("'rule': {'algorithm': 'sql', 'expression': 'recency / 45'},"),
    );
    place
        .olist(&["train", "seller_churn", "--as-of", "2018-06-01"])
        .code(2)
        .says(&["the rule `rule` does not work", "recency"]);
}

#[test]
fn settings_are_strict() {
    let place = with_candidates("'forest': {'algorithm': 'random_forest', 'tree': 10},");
    place.olist(&["run", "--date", "2018-06-01"]).code(2).says(&[
        "config `candidates.forest.tree`: this key is not known",
        "did you mean `trees`?",
        "models/seller_churn.sql:11",
    ]);
    place.write(
        "models/seller_churn.sql",
        model("'b': {'algorithm': 'blend', 'of': ['logistic', 'forest']},"),
    );
    place.olist(&["run", "--date", "2018-06-01"]).code(2).says(&["`logistic` is not a learned candidate"]);
}

#[test]
fn models_are_listed() {
    let place = Place::with_sample();
    let ran = place.olist(&["models", "--format", "csv"]).code(0);
    assert!(ran.stdout.starts_with("model,version,champion,algorithm,metric,mean,as_of,trained_through,rows,champion_since\nseller_churn,1,"), "{}", ran.stdout);
    place.olist(&["models", "seller_churn"]).code(0).says(&["out of time, at the training of version 1"]);
    place.olist(&["models", "nothing"]).code(2).says(&["`nothing` has no versions"]);
}

#[test]
#[ignore = "thirty weeks"]
fn months_of_weekly_snapshots_and_slices_are_measured() {
    let place = with_candidates(&format!("{RULE}\n        {LOGISTIC}"));
    let file = "models/seller_churn.sql";
    place.edit(file, "'from': '2017-09-01', 'every': 'month'", "'from': '2017-10-04', 'every': 'week'");
    place.edit(
        file,
        "validate = 3",
        "validate = {'last': 2, 'every': 'month'},\n    slices = {'quiet': 'recency_days > 20'}",
    );
    let ran = place.olist(&["train", "seller_churn", "--as-of", "2018-05-01", "--format", "csv"]).code(0);
    assert!(ran.stdout.contains("rule,quiet,2018-02-07,"), "{}", ran.stdout);
    // A fold is a month: its Wednesdays together, measured once, trained at the first of them.
    let folds = "select distinct snapshot, snapshots from registry.metrics where version = 2 order by 1";
    assert_eq!(place.query(folds), ["2018-01-03,5", "2018-02-07,4"]);
    let rows =
        "select count(*) from abt.seller_churn where reference_date in (date '2018-02-07', date '2018-02-14',
                    date '2018-02-21', date '2018-02-28') and label_known_on <= date '2018-05-01'";
    let quiet = format!("{rows} and recency_days > 20");
    let measured =
        "select any_value(rows) from registry.metrics where version = 2 and snapshot = date '2018-02-07'
                        and candidate = 'rule' and metric = 'roc_auc' and slice";
    assert_eq!(place.cell(&format!("{measured} is null")), place.cell(rows));
    assert_eq!(place.cell(&format!("{measured} = 'quiet'")), place.cell(&quiet));
    // A seller stands in several weeks: its weight is rows / entities.
    let sellers = rows.replace("count(*)", "count(distinct seller_id)");
    let entities = measured.replace("any_value(rows)", "any_value(entities)");
    assert_eq!(place.cell(&format!("{entities} is null")), place.cell(&sellers));

    place.edit(file, "recency_days > 20", "recency_dayz > 20");
    place.olist(&["train", "seller_churn", "--as-of", "2018-05-01"]).code(2).says(&[
        "the slice `quiet` does not work",
        "models/seller_churn.sql:",
        "near it there is: recency_days",
    ]);
    place.edit(file, "'every': 'month'},\n    slices", "'every': 'moon'},\n    slices");
    place.olist(&["train", "seller_churn"]).code(2).says(&["config `validate.every`: `moon` is not a step"]);
}
