//! Why a score: `reasons` in tables of scores, and `olist explain`.

use serde_json::Value;

use super::support::Place;
use super::train::{RULE, model, with_candidates};

const DATE: &str = "reference_date = date '2018-06-01'";
const LOGISTIC: &str = "'logistic': {'algorithm': 'logistic_regression'},";
const FOREST: &str = "'forest': {'algorithm': 'random_forest', 'trees': 20},";

/// The model with this candidate alone, trained and scored.
fn scored_by(candidate: &str) -> Place {
    let place = with_candidates(candidate);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    place
}

fn explained(place: &Place, key: &str) -> Value {
    let ran = place.olist(&["explain", "seller_churn", key, "--format", "json"]).code(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn first(place: &Place) -> String {
    place.cell(&format!("select seller_id from scores.seller_churn where {DATE} order by rank, 1 limit 1"))
}

#[test]
fn reasons_of_a_linear_model_are_its_coefficients_times_distances_and_add_up() {
    let place = scored_by(LOGISTIC);
    // Where all four inputs are told, what is left of the log-odds is the base, the mean of the list.
    let base = format!(
        "with told as (
             select ln(score / (1 - score)) as log_odds, len(reasons) as inputs,
                 list_sum(list_transform(reasons, lambda r: r.contribution)) as moved
             from scores.seller_churn where {DATE}
         )
         select count(*) filter (where inputs = 4) > 50,
             max(abs(log_odds - moved - (select avg(log_odds) from told))) filter (where inputs = 4) < 1e-9
         from told"
    );
    assert_eq!(place.query(&base), ["true,true"]);
    // By hand: the same coefficient for everybody, and the value of the SELECT.
    let by_hand = format!(
        "with told as (
             select unnest(reasons, recursive := true), recency_days
             from scores.seller_churn inner join abt.seller_churn using (reference_date, seller_id) where {DATE}
         ),
         usual as (select avg(recency_days) as usual from abt.seller_churn where {DATE})
         select bool_and(value = recency_days), max(contribution / (value - usual)) - min(contribution / (value - usual)) < 1e-9
         from told, usual where input = 'recency_days'"
    );
    assert_eq!(place.query(&by_hand), ["true,true"]);
    let sorted = "select bool_and(list_transform(reasons, lambda r: abs(r.contribution))
                      = list_reverse_sort(list_transform(reasons, lambda r: abs(r.contribution))))
                  from scores.seller_churn";
    assert_eq!(place.cell(sorted), "true");
    let comment = "select comment is not null from duckdb_columns() where table_name = 'seller_churn' and column_name = 'reasons'";
    assert_eq!(place.cell(comment), "true");
}

#[test]
fn reasons_are_three_up_and_three_down_at_most() {
    let place = Place::with_sample();
    let most = "select max(len(list_filter(reasons, lambda r: r.contribution > 0))),
                    max(len(list_filter(reasons, lambda r: r.contribution < 0))), count(*) filter (where reasons is null)
                from scores.seller_churn";
    assert_eq!(place.query(most), ["3,3,0"]);
}

#[test]
fn a_rule_is_explained_by_its_columns_one_after_the_other_in_every_order() {
    let place = scored_by(RULE);
    // Two columns have two orders: the mean of both, from where both are as usual.
    let by_hand = format!(
        "with list as (select seller_id, recency_days as a, orders_90d as b from abt.seller_churn where {DATE}),
         usual as (select quantile_disc(a, 0.5) as ua, quantile_disc(b, 0.5) as ub from list),
         games as (
             select seller_id, exp(-ub / 90.0 * (45 - ua)) as w_0, exp(-ub / 90.0 * (45 - a)) as w_a,
                 exp(-b / 90.0 * (45 - ua)) as w_b, exp(-b / 90.0 * (45 - a)) as w_ab
             from list, usual
         ),
         told as (select seller_id, unnest(reasons, recursive := true) from scores.seller_churn where {DATE})
         select count(*) > 100, max(abs(contribution - case input
             when 'recency_days' then (w_a - w_0 + w_ab - w_b) / 2
             when 'orders_90d' then (w_b - w_0 + w_ab - w_a) / 2
         end)) < 1e-12
         from told inner join games using (seller_id)"
    );
    assert_eq!(place.query(&by_hand), ["true,true"]);
    let explained = explained(&place, &first(&place));
    assert_eq!(explained["base_is"], "all inputs as usual");
    let score = explained["score"].as_f64().unwrap();
    assert!((explained["total"].as_f64().unwrap() - score).abs() < 1e-12, "{explained}");
}

#[test]
fn a_rule_of_which_nothing_can_be_said_has_no_reasons() {
    let rank = "'rule': {'algorithm': 'sql', 'expression': 'percent_rank() over (order by recency_days)'},";
    let place = scored_by(rank);
    let none = format!(
        "select count(*) = count(*) filter (where reasons is null) from scores.seller_churn where {DATE}"
    );
    assert_eq!(place.cell(&none), "true");
    place.olist(&["explain", "seller_churn", &first(&place)]).code(1).says(&[
        "nothing can be said of why version 2 of `seller_churn` scores so",
        "a rule is explained where it reads at most 12 columns of its own row",
    ]);
}

#[test]
fn twelve_columns_are_exact_and_a_rule_that_fails_between_rows_says_nothing_of_those() {
    let place = with_candidates("");
    let columns: Vec<String> = (0..12).map(|at| format!("recency_days + {at} as c{at}")).collect();
    let sum = (0..12).map(|at| format!("c{at}")).collect::<Vec<_>>().join(" + ");
    // The square root fails where the first column is above the last, as in no row of its own.
    let rule =
        format!("'rule': {{'algorithm': 'sql', 'expression': '({sum}) / 2000.0 + 0 * sqrt(c11 - c0)'}},");
    let text = model(&rule).replace("recency_days, orders_90d", &columns.join(", "));
    place.write("models/seller_churn.sql", text);
    place.olist(&["run", "--date", "2018-06-01"]).code(0);
    let told = format!(
        "select bool_or(reasons is null), bool_and(len(reasons) <= 6),
             max(abs(r.contribution - (r.value - u.usual) / 2000)) < 1e-12
         from (select *, unnest(reasons) as r from scores.seller_churn where {DATE}),
             (select quantile_disc(recency_days, 0.5) as usual from abt.seller_churn where {DATE}) as u
         where r.input = 'c0'"
    );
    assert_eq!(place.query(&told), ["false,true,true"]);
    let both = format!(
        "select count(*) filter (where reasons is null) > 0, count(reasons) > 0 from scores.seller_churn where {DATE}"
    );
    assert_eq!(place.query(&both), ["true,true"]);
}

#[test]
fn an_explanation_adds_up_in_words_and_in_numbers() {
    let place = scored_by(&format!("{LOGISTIC}\n        {FOREST}"));
    let key = first(&place);
    let explained = explained(&place, &key);
    let number = |name: &str| explained[name].as_f64().unwrap();
    let inputs = explained["inputs"].as_array().unwrap();
    let sum: f64 = inputs.iter().map(|input| input["contribution"].as_f64().unwrap()).sum();
    assert!((number("base") + sum - number("total")).abs() < 1e-9, "{explained}");
    let score = number("score");
    let raw = if explained["scale"] == "log-odds" { (score / (1.0 - score)).ln() } else { score };
    assert!((number("total") - raw).abs() < 1e-9, "{explained}");
    let of = format!("select count(*) from scores.seller_churn where {DATE}");
    assert_eq!(explained["of"].to_string(), place.cell(&of));
    // An input that is computed is told by what it is made of.
    let revenue = inputs.iter().find(|input| input["input"] == "revenue").unwrap();
    let made_of = &revenue["made_of"][0];
    assert_eq!(made_of["column"], "lifetime_revenue_brl");
    let value = made_of["value"].as_f64().unwrap();
    assert!((value.ln_1p() - revenue["value"].as_f64().unwrap()).abs() < 1e-9);

    let ran = place.olist(&["explain", "seller_churn", &key, "--date", "2018-06-01"]).code(0);
    for part in [
        format!("seller_churn at 2018-06-01\nseller_id {key}, score "),
        ", rank 1 of ".to_owned(),
        " (mean of the list) +".to_owned(),
        "Calendar days from the last order to the reference date".to_owned(),
        "lifetime_revenue_brl ".to_owned(),
    ] {
        assert!(ran.stdout.contains(&part), "`{part}` is not in:\n{}", ran.stdout);
    }
    let csv = place.olist(&["explain", "seller_churn", &key, "--format", "csv"]).code(0);
    assert_eq!(csv.stdout.lines().count(), inputs.len() + 1);
}

#[test]
fn tables_built_again_since_the_scores_are_told() {
    let place = scored_by(LOGISTIC);
    let key = first(&place);
    place.olist(&["explain", "seller_churn", &key]).code(0).does_not_say(&["delivered"]);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute("update abt.seller_churn set recency_days = 1 where seller_id = ?", [&key]).unwrap();
    drop(conn);
    place
        .olist(&["explain", "seller_churn", &key])
        .code(0)
        .says(&["delivered was 0.", "its tables were built again since, and of them version 2 makes 0."]);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute("delete from abt.seller_churn where seller_id = ?", [&key]).unwrap();
    drop(conn);
    place
        .olist(&["explain", "seller_churn", &key])
        .code(1)
        .says(&["is not in the list of `seller_churn` at 2018-06-01 any more"]);
}

#[test]
fn a_version_that_is_not_of_the_present_files_is_explained_by_its_own() {
    let place = scored_by(LOGISTIC);
    let key = first(&place);
    let before = explained(&place, &key);
    place.edit("models/seller_churn.sql", "recency_days, orders_90d", "orders_90d");
    place.edit("abt/seller_churn.sql", "with ", "-- edited\nwith ");
    assert_eq!(explained(&place, &key), before);
}

#[test]
fn who_or_when_is_not_there_is_told_with_what_is() {
    let place = Place::with_sample();
    let key = first(&place);
    let explain = |arguments: &[&str]| place.olist(&[&["explain"], arguments].concat());
    explain(&["seller_churn", &key[..12]]).code(1).says(&[
        &format!("there is no seller_id `{}` in the scores of `seller_churn`", &key[..12]),
        &format!("did you mean `{key}`?"),
    ]);
    explain(&["seller_churn", &key, "--date", "2018-05-01"])
        .code(1)
        .says(&["has no scores of 2018-05-01", "the nearest are of 2018-06-01"]);
    explain(&["seller_churn", &key, "2"])
        .code(2)
        .says(&["the key of `seller_churn` is seller_id: a value each"]);
    explain(&["seller_churm", &key]).code(2).says(&["did you mean `seller_churn`?"]);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch("drop table scores.seller_churn cascade").unwrap();
    drop(conn);
    explain(&["seller_churn", &key])
        .code(1)
        .says(&["`seller_churn` has no scores yet", "olist run --date D"]);
}

#[test]
fn reasons_print_well_in_every_format() {
    let place = scored_by(LOGISTIC);
    let sql = "select * exclude (scored_at) from scores.seller_churn order by rank limit 1";
    let table = place.olist(&["query", sql]).code(0).stdout;
    assert!(table.contains("recency_days = 4") && table.contains(" (+") && !table.contains('{'), "{table}");
    let json = place.olist(&["query", sql, "--format", "json"]).code(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(json[0]["reasons"][0]["contribution"].is_number(), "{json}");
    // Of CSV, DuckDB makes the list again.
    let csv = place.olist(&["query", "--format", "csv", "select reasons from scores.seller_churn"]).code(0);
    place.write("reasons.csv", csv.stdout);
    let again = "select count(*) from read_csv('reasons.csv') where len(reasons::struct(input varchar, value double, contribution double)[]) > 0";
    let conn = duckdb::Connection::open_in_memory().unwrap();
    let sql = again.replace("reasons.csv", place.path("reasons.csv").to_str().unwrap());
    let rows: i64 = conn.query_row(&sql, [], |row| row.get(0)).unwrap();
    assert!(rows > 100);
}
