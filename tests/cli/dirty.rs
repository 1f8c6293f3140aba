//! Rows that any export has a few of: steps before the purchase, in the wrong order, amounts below zero. None of them stops a
//! build, or makes a duration negative.

use super::again::files;
use super::support::Place;

/// The orders, of which one in fifty has one of five mistakes.
const ORDERS: &str = "select o.* replace (
        case when slip = 0 then order_approved_at - interval 30 day else order_approved_at end as order_approved_at,
        case when slip = 1 then order_delivered_carrier_date - interval 170 day
            else order_delivered_carrier_date end as order_delivered_carrier_date,
        case when slip = 2 then order_delivered_customer_date - interval 90 day
            when slip = 3 then order_delivered_carrier_date - interval 1 day
            else order_delivered_customer_date end as order_delivered_customer_date,
        case when slip = 4 then order_estimated_delivery_date - interval 60 day
            else order_estimated_delivery_date end as order_estimated_delivery_date)
    from sources.orders as o cross join lateral (select hash(order_id) % 250 as slip)";

fn dirty(name: &str) -> String {
    match name {
        "orders" => ORDERS.to_owned(),
        "order_items" => "select * replace (
                case when hash(order_id) % 200 = 7 then -price else price end as price,
                case when hash(order_id) % 200 = 8 then -freight_value else freight_value end as freight_value)
            from sources.order_items"
            .to_owned(),
        "order_payments" => "select * replace (
                case when hash(order_id) % 100 = 9 then -payment_value else payment_value end as payment_value)
            from sources.order_payments"
            .to_owned(),
        "order_reviews" => "select * replace (
                case when hash(order_id) % 100 = 11 then 0 else review_score end as review_score,
                case when hash(order_id) % 100 = 12 then review_creation_date - interval 300 day
                    else review_creation_date end as review_creation_date)
            from sources.order_reviews"
            .to_owned(),
        name => format!("select * from sources.{name}"),
    }
}

#[test]
#[ignore = "half a minute: every store over every kind of dirt"]
fn dirty_rows_stop_no_build() {
    let sample = Place::with_sample();
    let place = Place::with_project();
    files(&sample, &place, dirty);
    place.olist(&["ingest", "raw"]).code(0);
    let slips = |what: &str| place.cell(&format!("select count(*) > 5 from sources.orders where {what}"));
    assert_eq!(slips("order_delivered_carrier_date < order_purchase_timestamp - interval 10 day"), "true");
    assert_eq!(slips("order_delivered_customer_date < order_purchase_timestamp"), "true");
    assert_eq!(slips("order_delivered_customer_date < order_delivered_carrier_date"), "true");
    assert_eq!(slips("order_estimated_delivery_date < order_purchase_timestamp"), "true");
    assert_eq!(slips("order_approved_at < order_purchase_timestamp - interval 10 day"), "true");

    let run =
        ["run", "--date", "2018-02-05..2018-06-04", "--every", "week", "--select", "abt.*", "--exclude"];
    let run =
        place.olist(&[&run[..], &["deal_*"]].concat()).code(0).does_not_say(&["  failed  ", "  skipped "]);
    // What cannot be mended is set aside, and told.
    run.says(&["features.seller_orders: ", "set aside: min_item_price >= 0\n", "set aside: freight >= 0\n"]);
    let kept = "select count(distinct failed_check) from pipeline.quarantine where severity = 'drop'";
    assert_eq!(place.cell(kept), "2");
    let negative = "select count(*) from features.seller_delivery
        where least(avg_purchase_to_delivery_days, avg_approval_to_delivery_days, avg_handover_days, max_handover_days) < 0";
    assert_eq!(place.cell(negative), "0");
    let negative = "select count(*) from features.seller_handover
        where least(avg_recent_handover_days, avg_recent_transit_days, expected_handover_count) < 0";
    assert_eq!(place.cell(negative), "0");
    let shares = "select bool_and(boleto_value_share between 0 and 1.000001) from features.seller_payments";
    assert_eq!(place.cell(shares), "true");
    place
        .olist(&["check", "--date", "2018-05-07", "--select", "abt.*", "--exclude", "deal_*", "--future"])
        .code(0);
}

/// The synthetic marketplace has a few of them, so that every first run goes over them.
#[test]
fn the_sample_has_a_few() {
    let place = Place::with_planted();
    place.olist(&["ingest", "--sample", "--orders", "100000"]).code(0);
    for slip in [
        "order_approved_at < order_purchase_timestamp",
        "order_delivered_carrier_date < order_purchase_timestamp",
        "order_delivered_customer_date < order_purchase_timestamp",
        "order_estimated_delivery_date < order_purchase_timestamp",
        "order_delivered_customer_date < order_delivered_carrier_date and order_delivered_customer_date > order_purchase_timestamp",
    ] {
        let count: i64 =
            place.cell(&format!("select count(*) from sources.orders where {slip}")).parse().unwrap();
        assert!((1..60).contains(&count), "{count} orders: {slip}");
    }
}
