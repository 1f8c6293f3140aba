//! `olist ingest`: Kaggle's files as they are, the sample, and everything that can be wrong with a file.

use std::io::Write;

use super::support::Place;

/// The smallest marketplace: one seller, one order, and the tables that may be missing left out.
pub fn small() -> Place {
    let place = Place::with_project();
    place.write(
        "raw/olist_orders_dataset.csv",
        "\"order_id\",\"customer_id\",\"order_status\",\"order_purchase_timestamp\",\"order_approved_at\",\
         \"order_delivered_carrier_date\",\"order_delivered_customer_date\",\"order_estimated_delivery_date\"\n\
         o1,c1,delivered,2018-01-02 10:00:00,2018-01-02 11:00:00,2018-01-03 10:00:00,2018-01-05 10:00:00,2018-01-20 00:00:00\n\
         o2,c2,shipped,2018-01-03 10:00:00,2018-01-03 11:00:00,2018-01-04 10:00:00,,2018-01-21 00:00:00\n",
    );
    place.write(
        "raw/olist_order_items_dataset.csv",
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n\
         o1,1,p1,s1,2018-01-06 00:00:00,10.00,2.50\n\
         o2,1,p1,s1,2018-01-07 00:00:00,10.00,2.50\n",
    );
    place.write(
        "raw/olist_order_payments_dataset.csv",
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\no1,1,boleto,1,12.5\n",
    );
    place.write(
        "raw/olist_order_reviews_dataset.csv",
        "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp\r\n\
         r1,o1,5,,\"two\r\nlines, and a \"\"quote\"\"\",2018-01-06 00:00:00,2018-01-07 00:00:00\r\n",
    );
    place.write(
        "raw/olist_customers_dataset.csv",
        "\u{feff}customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n\
         c1,u1,\"01037\",sao paulo,SP\nc2,u2,09790,\"são bernardo, do campo\",SP\n",
    );
    place.write(
        "raw/olist_products_dataset.csv",
        "product_id,product_category_name,product_name_lenght,product_description_lenght,product_photos_qty,product_weight_g,\
         product_length_cm,product_height_cm,product_width_cm\np1,,,,,100,10,10,10\n",
    );
    place.write(
        "raw/olist_sellers_dataset.csv",
        "seller_id,seller_zip_code_prefix,seller_city,seller_state\ns1,\"00123\",campinas,SP\n",
    );
    place
}

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

/// Replaces one file, tries to load, and expects that nothing was lost.
#[track_caller]
fn fails(file: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let before = place.query("select * from sources.orders order by order_id");
    for ending in ["csv", "csv.gz"] {
        let _ =
            std::fs::remove_file(place.path(&format!("raw/{}.{ending}", file.split('.').next().unwrap())));
    }
    place.write(&format!("raw/{file}"), content);
    place.olist(&["ingest", "raw"]).code(1).says(parts);
    assert_eq!(
        place.query("select * from sources.orders order by order_id"),
        before,
        "the last good load is gone"
    );
}

const SELLERS: &str = "seller_id,seller_zip_code_prefix,seller_city,seller_state\n";
const PAYMENTS: &str = "order_id,payment_sequential,payment_type,payment_installments,payment_value\n";

#[test]
fn a_missing_column_is_named() {
    fails(
        "olist_sellers_dataset.csv",
        "seller_id,seller_zip_prefix,seller_city,seller_state\ns1,1,x,SP\n",
        &[
            "raw/olist_sellers_dataset.csv:1",
            "column `seller_zip_code_prefix` is missing",
            "there is `seller_zip_prefix`",
        ],
    );
}

#[test]
fn a_wrong_type_is_shown_with_line_column_and_value() {
    fails(
        "olist_order_payments_dataset.csv",
        format!("{PAYMENTS}o1,1,boleto,1,12.5\no1,2,boleto,one,12.5\n"),
        &[
            "raw/olist_order_payments_dataset.csv:3",
            "\"payment_installments\"",
            "\"one\"",
            "nothing was loaded",
        ],
    );
}

#[test]
fn a_line_of_too_many_or_few_cells_is_shown() {
    fails(
        "olist_sellers_dataset.csv",
        format!("{SELLERS}s1,1,x,SP\ns2,2,y\n"),
        &["olist_sellers_dataset.csv:3", "Expected Number of Columns: 4 Found: 3"],
    );
    fails(
        "olist_sellers_dataset.csv",
        format!("{SELLERS}s1,1,x,SP,z\n"),
        &["olist_sellers_dataset.csv:2", "Found: 5"],
    );
}

#[test]
fn a_duplicate_key_is_shown_with_both_lines() {
    fails(
        "olist_sellers_dataset.csv",
        format!("{SELLERS}s1,1,x,SP\ns2,2,\"a\nb\",SP\ns1,3,z,SP\n"),
        &["olist_sellers_dataset.csv:5", "duplicate key: seller_id = s1, first in line 2"],
    );
}

#[test]
fn a_truncated_gzip_is_told() {
    let text = format!("{SELLERS}{}", "s1,00000,some city,SP\n".repeat(5000));
    let whole = gzip(text.as_bytes());
    fails(
        "olist_sellers_dataset.csv.gz",
        &whole[..whole.len() / 2],
        &["olist_sellers_dataset.csv.gz", "cut off or damaged"],
    );
    fails(
        "olist_sellers_dataset.csv.gz",
        &whole[..5],
        &["olist_sellers_dataset.csv.gz", "cut off or damaged"],
    );
}

#[test]
fn a_web_page_is_told() {
    fails(
        "olist_sellers_dataset.csv",
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
        &["olist_sellers_dataset.csv:1", "this is a web page, not a CSV file", "signed in to Kaggle"],
    );
}

#[test]
fn text_in_another_encoding_is_told() {
    fails(
        "olist_sellers_dataset.csv",
        b"seller_id,seller_zip_code_prefix,seller_city,seller_state\ns1,1,s\xe3o paulo,SP\n",
        &["olist_sellers_dataset.csv:2", "not utf-8"],
    );
}

#[test]
fn an_empty_file_is_told() {
    fails("olist_sellers_dataset.csv", "", &["olist_sellers_dataset.csv:1", "this file is empty"]);
}

#[test]
fn all_missing_files_are_named_at_once() {
    let place = small();
    std::fs::remove_file(place.path("raw/olist_orders_dataset.csv")).unwrap();
    std::fs::remove_file(place.path("raw/olist_sellers_dataset.csv")).unwrap();
    place
        .olist(&["ingest", "raw"])
        .code(1)
        .says(&["`raw` lacks: olist_orders_dataset.csv, olist_sellers_dataset.csv"]);
    place.olist(&["ingest", "nowhere"]).code(2).says(&["`nowhere` is not a folder"]);
}

#[test]
fn a_renamed_column_is_looked_for_among_those_that_are_not_expected() {
    let orders = small().read("raw/olist_orders_dataset.csv");
    fails(
        "olist_orders_dataset.csv",
        orders.replace("order_status", "status"),
        &["column `order_status` is missing", "there is `status`: was it renamed?"],
    );
    fails(
        "olist_sellers_dataset.csv",
        SELLERS.replace("seller_city", "uf"),
        &["column `seller_city` is missing", "of what is not expected, the file has: uf"],
    );
    fails(
        "olist_sellers_dataset.csv",
        SELLERS.replace("seller_city,", ""),
        &["column `seller_city` is missing", "the file has: seller_id, seller_zip_code_prefix, seller_state"],
    );
}

#[test]
fn another_separator_is_told() {
    fails(
        "olist_sellers_dataset.csv",
        format!("{SELLERS}s1,1,x,SP\n").replace(',', ";"),
        &["the columns are separated by semicolons, not by commas", "save the file as CSV with commas"],
    );
    fails("olist_sellers_dataset.csv", SELLERS.replace(',', "\t"), &["separated by tabs"]);
}

/// The caret stands below the value, also in a line that is longer than what is shown.
#[test]
fn a_wrong_value_is_shown_in_its_line() {
    let (order, product) = ("o".repeat(60), "p".repeat(60));
    let head = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n";
    let line = format!("{order},1,{product},s1,2018-01-06 00:00:00,ten,2.50");
    let caret = format!("  | {}^\n", " ".repeat(2 + line.find("ten").unwrap() - (line.len() - 120)));
    fails(
        "olist_order_items_dataset.csv",
        format!("{head}{line}\n"),
        &["olist_order_items_dataset.csv:2:148", ",s1,2018-01-06 00:00:00,ten,2.50\n", &caret],
    );
}

#[test]
fn data_until_by_hand_lies_within_the_orders_and_holds_until_the_next_load() {
    let place = small();
    place.olist(&["ingest", "raw", "--until", "2090-01-01"]).code(2).says(&[
        "--until 2090-01-01 has not come",
        "the orders are of 2018-01-02 to 2018-01-03",
        "nothing was loaded",
    ]);
    assert!(!place.path("olist.duckdb").exists());
    place.olist(&["ingest", "raw", "--until", "2018-01-20"]).code(0).says(&[
        "--until 2018-01-20 is after the last order, of 2018-01-03",
        "data until 2018-01-20 (set by hand",
    ]);
    place
        .olist(&["ingest", "raw", "--until", "2018-01-02"])
        .code(0)
        .says(&["data until 2018-01-02 (set by hand"]);
    place
        .olist(&["ingest", "raw", "--until", "2018-01-01"])
        .code(2)
        .says(&["--until 2018-01-01 is before the first order, of 2018-01-02"]);
    let until = "select value from pipeline.settings where name = 'data_until'";
    assert_eq!(place.cell(until), "2018-01-02");
    place
        .olist(&["ingest", "raw", "--until", "2018-01-02"])
        .code(0)
        .says(&["(set by hand", "nothing changed"]);
    place
        .olist(&["ingest", "raw"])
        .code(0)
        .says(&["data until 2018-01-03 (the last complete day)"])
        .does_not_say(&["nothing changed"]);
    assert_eq!(place.cell(until), "2018-01-03");
}

#[test]
fn an_ingest_that_fails_leaves_no_new_database() {
    let place = small();
    let left = || {
        let names = std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().contains("duckdb")).count()
    };
    place.olist(&["ingest", "nowhere"]).code(2);
    assert_eq!(left(), 0);
    let good = place.read("raw/olist_sellers_dataset.csv");
    place.write("raw/olist_sellers_dataset.csv", SELLERS.repeat(2) + "s1,1,x\n");
    place.olist(&["ingest", "raw"]).code(1);
    assert_eq!(left(), 0);
    // One that was there stays, empty or not.
    place.write("raw/olist_sellers_dataset.csv", good);
    place.olist(&["ingest", "raw"]).code(0);
    place.olist(&["ingest", "nowhere"]).code(2);
    assert_eq!(left(), 1);
}

#[test]
fn settings_of_the_sample_do_not_go_with_files() {
    let place = small();
    for setting in ["--orders", "--seed"] {
        place
            .olist(&["ingest", "raw", setting, "1000"])
            .code(2)
            .says(&["'[DIR]' cannot be used with", setting]);
    }
    assert!(!place.path("olist.duckdb").exists());
}

#[test]
fn what_needs_a_missing_table_says_so() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    place.write(
        "features/lead_age.sql",
        "{{ config(entity = 'lead', key = 'mql_id', description = 'One row per lead.') }}\n\
         select mql_id\nfrom {{ source('marketing_qualified_leads') }}\n",
    );
    place.olist(&["run", "--date", "2018-01-04", "--select", "lead_age"]).code(1).says(&[
        "the source `marketing_qualified_leads` is not loaded",
        "features/lead_age.sql:3",
        "run `olist ingest` again",
    ]);
}

#[test]
fn the_sample_is_the_same_each_time() {
    let (one, two) = (Place::with_project(), Place::with_project());
    let digest = "select count(*) || ' ' || md5(string_agg(o::varchar, ';' order by order_id)) from sources.orders as o";
    for (place, threads) in [(&one, "1"), (&two, "2")] {
        place.olist(&["ingest", "--sample", "--orders", "2000", "--threads", threads]).code(0);
    }
    assert_eq!(one.cell(digest), two.cell(digest));
    assert!(one.cell(digest).starts_with("2000 "));
    one.olist(&["ingest", "--sample", "--orders", "2000"]).code(0).says(&["nothing changed"]);
    one.olist(&["ingest", "--sample", "--orders", "2000", "--seed", "7"]).code(0);
    assert_ne!(one.cell(digest), two.cell(digest));
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
