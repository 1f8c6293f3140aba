//! What sources say of themselves.

use super::{DATE, empty_project};

/// What a source says of "known at", against what stands in it.
#[test]
fn sources_that_say_the_wrong_thing_are_found() {
    let edits = [
        // The moment of another step.
        (
            "queries/sources/orders.sql",
            "'known_at': 'order_delivered_customer_date',",
            "'known_at': 'order_purchase_timestamp',",
            "column `order_delivered_customer_date` shows",
        ),
        // A moment that comes later, called a plan.
        (
            "queries/sources/orders.sql",
            "'known_at': 'order_delivered_customer_date',",
            "'static': true,",
            "column `order_delivered_customer_date` is called static",
        ),
        // A state that shows before its moment can have come.
        (
            "queries/sources/orders.sql",
            "when order_status in ('canceled', 'unavailable')
                        and order_estimated_delivery_date < reference_date",
            "when order_status in ('canceled', 'unavailable')",
            "column `order_status` in rows of a week, by its 'as_of', tells ",
        ),
        // Only those that ever sold, were sold or bought are in the file.
        (
            "queries/sources/products.sql",
            "known_at = 'first_order_at'",
            "static = true",
            "rows are visible before `order_items` first names their `product_id`",
        ),
        // Parts of what is not known yet.
        (
            "queries/sources/order_payments.sql",
            "known_at = 'order_purchase_timestamp'",
            "static = true",
            "rows are visible before the row of `orders` with their `order_id` is",
        ),
        // Only what was answered is in the file.
        (
            "queries/sources/order_reviews.sql",
            "known_at = 'review_answer_timestamp',\n    columns",
            "known_at = 'review_creation_date',\n    columns",
            "rows are visible before their `review_answer_timestamp`, and no row of the load is without one",
        ),
    ];
    for (file, from, to, says) in edits {
        let place = empty_project();
        place.edit(file, from, to);
        place.olist(&["check", "--future", "--date", DATE]).says(&[
            &format!("{file} was edited after it was loaded"),
            "`olist ingest` puts the edit into effect",
        ]);
        place.olist(&["ingest", "--sample", "--orders", "20000"]).code(0);
        place.olist(&["check", "--future", "--date", DATE]).code(1).says(&[says, &format!("--> {file}:")]);
    }
    // The final status.
    let place = empty_project();
    let text = place.read("queries/sources/orders.sql");
    let start = text.find("'as_of': \"").unwrap();
    let end = start + text[start..].find("end\",").unwrap() + "end\",".len();
    place.write("queries/sources/orders.sql", format!("{}{}", &text[..start], &text[end..]));
    place.olist(&["ingest", "--sample", "--orders", "20000"]).code(0);
    place
        .olist(&["check", "--future", "--date", DATE])
        .code(1)
        .says(&["column `order_status` is called known with its row, but tells"]);
}

/// A value that changed between two loads, though both say that it was known before the first one's end.
#[test]
fn what_was_rewritten_in_place_between_two_loads_is_found() {
    let place = empty_project();
    std::fs::copy(place.path("olist.duckdb"), place.path("older.duckdb")).unwrap();
    let arguments = ["check", "--future", "--date", DATE, "--against", "older.duckdb"];
    place.olist(&arguments).code(0);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch(
        "update sources.order_items set price = price + 1 where order_id in (select order_id from sources.orders limit 5);
         delete from sources.order_reviews where review_id = (select min(review_id) from sources.order_reviews)",
    )
    .unwrap();
    conn.close().unwrap();
    place.olist(&arguments).code(1).says(&[
        "column `price` differs in",
        "--> queries/sources/order_items.sql:",
        "1 rows known before the older load's end are gone from today's",
        "--> queries/sources/order_reviews.sql:",
    ]);
    place
        .olist(&["check", "--against", "nowhere.duckdb"])
        .code(2)
        .says(&["there is no database `nowhere.duckdb`"]);
}

/// What a source's own SELECT makes of its file and of other sources.
#[test]
fn sources_that_are_made_of_the_future_are_found() {
    let orders = "select * from {{ raw() }}";
    for (file, from, to, says) in [
        (
            "queries/sources/sellers.sql",
            "        min(orders.order_purchase_timestamp) as first_order_at,",
            "        min(orders.order_purchase_timestamp) as first_order_at, count(*) as lifetime_items,",
            "column `lifetime_items` holds what became known later",
        ),
        (
            "queries/sources/orders.sql",
            orders,
            "select *, order_delivered_customer_date > order_estimated_delivery_date as is_late from {{ raw() }}",
            "column `is_late` holds what became known later",
        ),
        (
            "queries/sources/orders.sql",
            orders,
            "select * from {{ raw() }} where order_status = 'delivered'",
            "rows are there only because of what became known later",
        ),
        (
            "queries/sources/orders.sql",
            "when order_delivered_customer_date < reference_date",
            "when order_delivered_customer_date < reference_date + 10",
            "column `order_status`, by its 'as_of', holds what became known later",
        ),
        (
            "queries/sources/orders.sql",
            orders,
            "select *, now() as loaded_at from {{ raw() }}",
            "`now` changes from run to run",
        ),
    ] {
        let place = empty_project();
        place.edit(file, from, to);
        if file.ends_with("sellers.sql") {
            place.edit(
                file,
                "    first_orders.first_order_at,\n",
                "    first_orders.first_order_at,\n    first_orders.lifetime_items,\n",
            );
        }
        place.olist(&["ingest", "--sample", "--orders", "20000"]);
        place.olist(&["check", "--future", "--date", DATE]).code(1).says(&[says, &format!("--> {file}:")]);
    }
    // A moment may be written in any way that gives the same, and what the SELECT makes may have one.
    let place = empty_project();
    place.edit("queries/sources/orders.sql", orders, "select *, date_diff('day', order_purchase_timestamp, order_delivered_customer_date) as delivery_days from {{ raw() }}");
    place.edit(
        "queries/sources/orders.sql",
        "    columns = {",
        "    columns = {
        'delivery_days': {'type': 'bigint', 'derived': true, 'known_at': 'order_delivered_customer_date', 'description': 'Days to delivery'},",
    );
    place.edit(
        "queries/sources/orders.sql",
        "'known_at': 'order_approved_at',",
        "'known_at': 'cast(order_approved_at as timestamp)',",
    );
    place.olist(&["ingest", "--sample", "--orders", "6000"]).code(0);
    place.olist(&["check", "--future", "--date", DATE]).code(0);
}
