//! Files that cannot be read.

use super::{PAYMENTS, SELLERS, fails, gzip, small};

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
        &["olist_sellers_dataset.csv:3", "3 cells in this line, and 4 columns in the header"],
    );
    fails(
        "olist_sellers_dataset.csv",
        format!("{SELLERS}s1,1,x,SP,z\n"),
        &["olist_sellers_dataset.csv:2", "5 cells in this line, and 4 columns in the header"],
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
        &["olist_sellers_dataset.csv:2", "no UTF-8 text"],
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
