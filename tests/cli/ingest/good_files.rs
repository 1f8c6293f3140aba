//! Files as Kaggle delivers them, in every format.

use super::{gzip, small};

#[test]
fn what_csv_can_hold_survives() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0).says(&["data until 2018-01-03", "1 products without category"]);
    assert_eq!(
        place.cell("select customer_zip_code_prefix from sources.customers where customer_id = 'c1'"),
        "01037"
    );
    assert_eq!(
        place.cell("select customer_city from sources.customers where customer_id = 'c2'"),
        "\"são bernardo, do campo\""
    );
    assert_eq!(place.cell("select seller_zip_code_prefix from sources.sellers"), "00123");
    let message = place
        .cell("select replace(review_comment_message, chr(13) || chr(10), '/') from sources.order_reviews");
    assert_eq!(message, "\"two/lines, and a \"\"quote\"\"\"");
    assert_eq!(
        place.cell(
            "select replace(typeof(price), ',', ' ') || ' ' || typeof(shipping_limit_date) from sources.order_items limit 1"
        ),
        "DECIMAL(12 2) TIMESTAMP"
    );
}

#[test]
fn the_same_files_again_change_nothing() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0).does_not_say(&["nothing changed"]);
    let before = place.cell("select max(load_id) from pipeline.loads");
    place.olist(&["ingest", "raw"]).code(0).says(&["nothing changed: these files are loaded already"]);
    assert_eq!(place.cell("select max(load_id) from pipeline.loads"), before);
    // Zipped, the content is read again, and is the same.
    let text = place.read("raw/olist_sellers_dataset.csv");
    std::fs::remove_file(place.path("raw/olist_sellers_dataset.csv")).unwrap();
    place.write("raw/olist_sellers_dataset.csv.gz", gzip(text.as_bytes()));
    place.olist(&["ingest", "raw"]).code(0);
    assert_eq!(place.cell("select seller_zip_code_prefix from sources.sellers"), "00123");
}

#[test]
fn parquet_is_read_as_well() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let conn = duckdb::Connection::open_in_memory().unwrap();
    let from = place.path("raw/olist_order_items_dataset.csv").display().to_string();
    let to = place.path("raw/olist_order_items_dataset.parquet").display().to_string();
    conn.execute_batch(&format!("copy (from read_csv('{from}')) to '{to}' (format parquet)")).unwrap();
    place.olist(&["ingest", "raw"]).code(2).says(&[
        "olist_order_items_dataset.parquet",
        "olist_order_items_dataset.csv",
        "which one is meant?",
    ]);
    std::fs::remove_file(place.path("raw/olist_order_items_dataset.csv")).unwrap();
    place.olist(&["ingest", "raw"]).code(0);
    assert_eq!(place.cell("select count(*) from sources.order_items"), "2");
}

#[test]
fn a_row_and_a_value_exist_only_once_known() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let orders = |date: &str, what: &str| {
        place.query(&format!("select {what} from sources.orders_as_of(date '{date}') order by order_id"))
    };
    assert_eq!(orders("2018-01-02", "order_id"), [""; 0]);
    assert_eq!(orders("2018-01-03", "order_id, order_status"), ["o1,approved"]);
    assert_eq!(
        orders("2018-01-05", "order_status, order_delivered_customer_date is null"),
        ["shipped,true", "shipped,true"]
    );
    assert_eq!(orders("2018-01-06", "order_status"), ["delivered", "shipped"]);
    // The seller is known from the first order on, not from the file.
    assert_eq!(place.query("select seller_id from sources.sellers_as_of(date '2018-01-02')"), [""; 0]);
    assert_eq!(place.query("select seller_id from sources.sellers_as_of(date '2018-01-03')"), ["s1"]);
}
