//! What came of delivered lists, and the deliveries themselves.

use super::again::files;
use super::support::Place;
use super::train::{RULE, model};

/// A list of 1 June by the rule, on data up to `until`.
fn delivered(until: &str) -> (Place, Place) {
    let (sample, place) = (Place::with_sample(), Place::with_churn());
    let with_stake = model(RULE).replace("recency_days,", "revenue_90d_brl / 3 as stake_brl, recency_days,");
    place.write("models/seller_churn.sql", with_stake);
    load(&sample, &place, until);
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    (sample, place)
}

fn load(sample: &Place, place: &Place, until: &str) {
    files(sample, place, |name| format!("select * from sources.{name}_as_of(date '{until}' + 1)"));
    place.once(&["ingest", "raw", "--until", until]).code(0);
}

#[test]
#[ignore = "twenty seconds of months"]
fn a_list_is_judged_when_all_its_labels_are_known_and_not_before() {
    let (sample, place) = delivered("2018-05-31");
    let outcomes = "select count(*) from registry.outcomes";
    let monitor = |format: &str| place.olist(&["monitor", "--format", format]).code(0).stdout;
    assert!(monitor("csv").contains("seller_churn,2018-06-01,1,"), "{}", monitor("csv"));
    assert!(monitor("csv").contains(",0 %,2018-07-16,"), "{}", monitor("csv"));

    // A month later some sellers have sold again, and their labels alone would flatter or slander.
    load(&sample, &place, "2018-06-30");
    place.olist(&["run", "--date", "2018-07-01"]).code(0);
    assert_eq!(place.cell(outcomes), "0");

    load(&sample, &place, "2018-07-31");
    place.olist(&["run", "--date", "2018-08-01"]).code(0);
    // By hand: the sellers of the list, and whether they sold within 45 days.
    let by_hand = "with list as (
            select score, (select count(*) from sources.order_items as i inner join sources.orders as o using (order_id)
                where i.seller_id = s.seller_id
                    and o.order_purchase_timestamp >= timestamp '2018-06-01'
                    and o.order_purchase_timestamp < timestamp '2018-07-16') = 0 as churned
            from scores.seller_churn as s where reference_date = date '2018-06-01'
        )
        select abs(avg(churned::int) - (select value from registry.outcomes where metric = 'base_rate')) < 0.2
            and count(*) = (select any_value(rows) from registry.outcomes) from list";
    assert_eq!(place.cell(by_hand), "true");
    let auc = "with list as (
            select score, is_churned::int as y from scores.seller_churn
            inner join abt.seller_churn using (reference_date, seller_id) where reference_date = date '2018-06-01'
        )
        select abs(avg((a.score > b.score)::int + 0.5 * (a.score = b.score)::int)
            - (select value from registry.outcomes where metric = 'roc_auc' and reference_date = date '2018-06-01')) < 1e-9
        from list as a, list as b where a.y = 1 and b.y = 0";
    place.olist(&["run", "--date", "2018-06-01"]).code(0);
    assert_eq!(place.cell(auc), "true");
    let money = "with list as (
            select stake_brl, decile, is_churned from scores.seller_churn
            inner join abt.seller_churn using (reference_date, seller_id) where reference_date = date '2018-06-01'
        ),
        by_hand as (
            select sum(stake_brl) as stake_brl, sum(stake_brl) filter (where is_churned = 1) as stake_true_brl,
                sum(stake_brl) filter (where is_churned = 1 and decile = 1) as stake_true_top_decile_brl
            from list
        )
        select count(*) = 3 and max(abs(o.value - h.value)) < 1e-6
        from (unpivot by_hand on columns(*) into name metric value value) as h
        inner join registry.outcomes as o on o.metric = h.metric and o.reference_date = date '2018-06-01'";
    assert_eq!(place.cell(money), "true");
    // The list is the rule's, so both are the same; the interval and the promise are there.
    let same = "select bool_and(value = rule_value and low <= value and value <= high and promised_low < promised_high
            and settled_on = date '2018-07-16' and not is_back_cast)
        from registry.outcomes where metric = 'roc_auc'";
    assert_eq!(place.cell(same), "true");
    let table = monitor("csv");
    assert!(table.contains(",100 %,2018-07-16,roc_auc,0."), "{table}");
    assert!(table.contains("seller_churn,2018-07-01,2,"), "{table}");
    let drift = "select count(distinct reference_date) || ' ' || bool_and(psi >= 0) from registry.drift where input = 'orders_90d'";
    assert_eq!(place.cell(drift), "3 true");
    place.olist(&["monitor", "nobody"]).code(2).says(&["there is no model `nobody`"]);
}

#[test]
#[ignore = "months of deliveries"]
fn a_list_that_is_behind_its_promise_is_told() {
    let (sample, place) = delivered("2018-05-31");
    load(&sample, &place, "2018-07-31");
    place.olist(&["query", "select 1"]).code(0);
    // A promise that nothing can keep.
    let connection = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    connection
        .execute_batch("update registry.metrics set low = 0.999, high = 1.0 where metric = 'roc_auc'")
        .unwrap();
    drop(connection);
    place.olist(&["run", "--date", "2018-08-01"]).code(0).says(&[
        "warning: seller_churn: the list of 2018-06-01 by version 1 came to roc_auc 0.",
        "its training promised 0.9990 to 1.0000",
    ]);
    place.olist(&["monitor"]).code(0).says(&["warning: seller_churn: the list of 2018-06-01"]);
    place.olist(&["monitor", "--fail"]).code(1).says(&["error: seller_churn: the list of 2018-06-01"]);
}

#[test]
#[ignore = "half a minute of months"]
fn a_delivery_that_is_replaced_is_kept() {
    let (_, place) = delivered("2018-05-31");
    let history = "select count(*) from duckdb_tables() where table_name = 'seller_churn_history'";
    // The same again is no other delivery.
    place.olist(&["run", "--date", "2018-06-01", "--force"]).code(0);
    assert_eq!(place.cell(history), "0");
    let before = place
        .cell("select md5(string_agg(seller_id || score, ',' order by seller_id)) from scores.seller_churn");
    place.edit(
        "models/seller_churn.sql",
        "exp(-orders_90d / 90.0 * (45 - recency_days))",
        "exp(-orders_90d / 80.0 * (45 - recency_days))",
    );
    place.olist(&["train", "seller_churn", "--as-of", "2018-06-01"]).code(0);
    place.olist(&["promote", "seller_churn", "2"]).code(0);
    place.olist(&["run", "--date", "2018-06-01"]).code(0);
    let kept =
        "select md5(string_agg(seller_id || score, ',' order by seller_id)) from scores.seller_churn_history";
    assert_eq!(place.cell(kept), before);
    let why = "select distinct replaced_because || ' ' || model_version from scores.seller_churn_history";
    assert_eq!(place.cell(why), "version 2 is in force 1");
}
