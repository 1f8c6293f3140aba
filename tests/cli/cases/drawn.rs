//! `olist test --new`: cases from real rows.

use crate::support::Place;

/// A seller with a few orders in the window, some of them with a review.
const SELLER: &str = "
    select i.seller_id from sources.order_items as i left join sources.order_reviews as r using (order_id)
    where i.known_at < date '2018-06-01' and i.known_at >= date '2017-12-01'
    group by all having count(distinct i.order_id) between 4 and 8 and count(r.order_id) > 2 order by all limit 1";

fn draw(place: &Place, table: &str, key: &[&str]) -> String {
    let keys = key.iter().flat_map(|value| ["--key", value]);
    let call: Vec<&str> = ["test", "--new", table, "--date", "2018-06-01"].into_iter().chain(keys).collect();
    place.olist(&call).code(0).says(&["wrote tests/sql/", "that make the row"]).stdout
}

#[test]
fn a_case_of_real_rows_holds_and_fails_after_an_edit() {
    let place = Place::with_sample();
    let seller = place.cell(SELLER);
    let text = draw(&place, "features/seller_reviews.sql", &[&seller]);
    assert_eq!(place.read("tests/sql/seller_reviews.case"), text);
    // As the table has it, of all rows.
    let share = place.cell(&format!(
        "select reviewed_order_share from features.seller_reviews
         where seller_id = '{seller}' and reference_date = date '2018-06-01'"
    ));
    assert!(text.lines().last().unwrap().contains(&share), "{share}\n{text}");
    let rows = text.lines().filter(|line| line.starts_with("  ")).count();
    assert!(rows < 40, "{text}");
    assert!(
        !text.contains("freight_value") && !text.contains("given products"),
        "what does not matter is left out\n{text}"
    );

    let order =
        place.cell(&format!("select min(order_id) from features.seller_orders where seller_id = '{seller}'"));
    let text = draw(&place, "seller_orders", &[&seller, &order]);
    assert!(
        text.starts_with(&format!("case seller_id {seller}, order_id {order} on 2018-06-01\n")),
        "{text}"
    );
    place.olist(&["test"]).code(0).says(&["2 cases of 2 tables ok"]);

    place.edit("features/seller_orders.sql", "sum(price)", "sum(2 * price)");
    place.edit(
        "features/seller_reviews.sql",
        "'count(*)') }}\n            as reviewed_order_share",
        "'count(*) + 1') }}\n            as reviewed_order_share",
    );
    let ran = place.olist(&["test"]).code(1).says(&["2 of 2 cases not as expected"]);
    assert!(
        ran.stdout.contains(" reviewed_order_share ") && ran.stdout.contains(" price "),
        "{}",
        ran.stdout
    );
}

/// A label that is not settled in the warehouse is not settled in the case.
#[test]
#[ignore = "twenty seconds"]
fn a_case_of_an_abt_hides_labels_as_the_warehouse_does() {
    let place = Place::with_sample();
    let until = place.cell("select value from pipeline.settings where name = 'data_until'");
    let seller = place.cell(&format!(
        "select seller_id from sources.order_items where known_at < date '{until}'
         group by all having max(known_at) > date '{until}' - 9 and count(*) between 2 and 5 order by all limit 1"
    ));
    let text = place.olist(&["test", "--new", "abt/seller_churn.sql", "--key", &seller, "--date", &until]);
    let text = text.code(0).stdout;
    assert!(text.contains(&format!("date {until}\nuntil {until}\n")), "{text}");
    let header = text.lines().rev().nth(1).unwrap().split('|').map(str::trim);
    let label = header.zip(text.lines().last().unwrap().split('|')).find(|(name, _)| *name == "is_churned");
    assert_eq!(label.unwrap().1.trim(), "null");
    place.olist(&["test"]).code(0).says(&["1 case of 1 table ok"]);
}

#[test]
fn what_no_case_can_be_drawn_of_is_told() {
    let place = Place::with_sample();
    let new = |table: &str, key: &[&str]| {
        let keys = key.iter().flat_map(|value| ["--key", value]);
        let call: Vec<&str> =
            ["test", "--new", table, "--date", "2018-06-01"].into_iter().chain(keys).collect();
        place.olist(&call).code(if table == "seller_sales" && key == ["x"] { 1 } else { 2 })
    };
    new("seller_sales", &["x"]).says(&["has no row of seller_id x on 2018-06-01", "it has, for example, "]);
    new("seller_sales", &["x", "y"]).says(&["the key of `features.seller_sales` is seller_id"]);
    new("seller_salez", &["x"])
        .says(&["--new seller_salez: there is no such table", "did you mean `seller_sales`?"]);
    new("models/seller_churn.sql", &["x"]).says(&["a case is of one feature store or ABT"]);
    place.olist(&["test", "--new", "seller_sales"]).code(2).says(&["--key", "--date"]);
    assert!(!place.path("tests").exists());
}
