//! `olist ingest`: what stands in raw files has the right values, or is refused with its line.

use super::ingest::small;
use super::support::Place;

const ORDERS: &str = "olist_orders_dataset";

/// Replaces one file of the small marketplace.
fn with(file: &str, content: impl AsRef<[u8]>) -> Place {
    let place = small();
    place.write(&format!("raw/{file}.csv"), content);
    place
}

const SELLERS: &str = "seller_id,seller_zip_code_prefix,seller_city,seller_state\n";

#[test]
fn every_line_end_is_one() {
    let orders = small().read(&format!("raw/{ORDERS}.csv"));
    let ids = |place: &Place| place.query("select order_id from sources.orders order by all");
    for (text, told) in [
        (orders.replace('\n', "\r"), false),
        (orders.replace('\n', "\r\n"), false),
        (orders.replacen('\n', "\r\n", 1), true),
        (orders.trim_end().to_owned(), false),
        (orders.clone() + "\n\n", false),
    ] {
        let place = with(ORDERS, &text);
        let ran = place.olist(&["ingest", "raw"]).code(0);
        assert_eq!(ran.stderr.contains("mixes line ends"), told, "{text:?}: {}", ran.stderr);
        assert_eq!(ids(&place), ["o1", "o2"], "{text:?}");
    }
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    let reviews = "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp\n\
        r1,o1,5,,\"one\ntwo\r\nthree\rfour\",2018-01-06 00:00:00,2018-01-07 00:00:00\n\
        \n\
        r2,o1,six,,,2018-01-06 00:00:00,2018-01-07 00:00:00\n";
    for text in [reviews.to_owned(), reviews.replace('\n', "\r\n").replace("\r\r\n", "\r\n")] {
        with("olist_order_reviews_dataset", text).olist(&["ingest", "raw"]).code(1).says(&[
            "olist_order_reviews_dataset.csv:7:7",
            "\"six\" in column \"review_score\"",
            "could not be converted to",
        ]);
    }
}

#[test]
fn columns_that_nobody_expects_are_left_out() {
    let orders = small().read(&format!("raw/{ORDERS}.csv"));
    let numbered = |first: &str| {
        let lines = orders.lines().enumerate();
        let cells = lines
            .map(|(at, line)| if at == 0 { format!("{first},{line}\n") } else { format!("{at},{line}\n") });
        cells.collect::<String>()
    };
    for first in ["", "Unnamed: 0"] {
        let place = with(ORDERS, numbered(first));
        place.olist(&["ingest", "raw"]).code(0);
        assert_eq!(
            place.query("select order_id, customer_id from sources.orders order by all"),
            ["o1,c1", "o2,c2"]
        );
    }
    let twice = numbered("order_id");
    with(ORDERS, twice)
        .olist(&["ingest", "raw"])
        .code(1)
        .says(&["olist_orders_dataset.csv:1", "column `order_id` is there twice"]);
    let place = with(
        "olist_sellers_dataset",
        "x,seller_id,seller_zip_code_prefix,seller_city,seller_state,x,\n1,s1,00123,a,SP,2,\n",
    );
    place.olist(&["ingest", "raw"]).code(0);
    let commas = format!("{SELLERS}s1,00123,a,SP,\n");
    with("olist_sellers_dataset", commas).olist(&["ingest", "raw"]).code(1).says(&[
        "olist_sellers_dataset.csv:2",
        "5 cells in this line, and 4 columns in the header: it ends in a comma",
    ]);
}

#[test]
fn a_missing_column_names_the_line_that_expects_it() {
    let place = with("olist_sellers_dataset", "seller_id,seller_city,seller_state\ns1,a,SP\n");
    place.olist(&["ingest", "raw"]).code(1).says(&[
        "column `seller_zip_code_prefix` is missing",
        "raw/olist_sellers_dataset.csv:1",
        "queries/sources/sellers.sql:11 expects it",
    ]);
    std::fs::remove_file(place.path("raw/olist_sellers_dataset.csv")).unwrap();
    parquet(
        &place,
        "olist_sellers_dataset",
        "select 's1' as seller_id, 'a' as seller_city, 'SP' as seller_state",
    );
    place.olist(&["ingest", "raw"]).code(1).says(&[
        "column `seller_zip_code_prefix` is missing in `raw/olist_sellers_dataset.parquet`",
        "--> queries/sources/sellers.sql:11:9",
        "the file has: seller_id, seller_city, seller_state",
    ]);
}

fn parquet(place: &Place, stem: &str, select: &str) {
    let to = place.path(&format!("raw/{stem}.parquet")).display().to_string();
    let conn = duckdb::Connection::open_in_memory().unwrap();
    conn.execute_batch(&format!("copy ({select}) to '{to}' (format parquet)")).unwrap();
}

#[test]
fn a_moment_that_cannot_be_is_refused() {
    let orders = small().read(&format!("raw/{ORDERS}.csv"));
    let moment = |moment: &str| with(ORDERS, orders.replace("2018-01-03 11:00:00", moment));
    let refused = |text: &str, parts: &[&str]| {
        let place = moment(text);
        place.olist(&["ingest", "raw"]).code(1).says(parts).says(&[
            "olist_orders_dataset.csv:3:35",
            text,
            "nothing was loaded",
        ]);
        assert!(!place.path("olist.duckdb").exists());
    };
    refused("02-01-18 09:00", &["is before 1900", "years with four digits"]);
    refused("0018-01-03 11:00:00", &["is before 1900"]);
    refused("-infinity", &["is before 1900"]);
    refused("infinity", &["has not come"]);
    refused("03/01/2018 11:00:00", &["could not be converted to timestamp"]);
    for offset in [
        "2018-01-03 11:00:00-02:00",
        "2018-01-03 11:00:00Z",
        "2018-01-03T11:00:00.000+00:00",
        "2018-01-03 11:00:00 UTC",
    ] {
        refused(offset, &["is a moment with a time zone", "local time"]);
    }
    let place = moment("2018-01-03T11:00:00.5");
    place.olist(&["ingest", "raw"]).code(0);
    assert_eq!(
        place.cell("select max(order_approved_at)::varchar from sources.orders"),
        "2018-01-03 11:00:00.5"
    );
}

#[test]
fn a_time_zone_in_parquet_is_refused() {
    let place = small();
    let items = |moment: &str| {
        parquet(
            &place,
            "olist_order_items_dataset",
            &format!(
                "select 'o1' as order_id, 1 as order_item_id, 'p1' as product_id, 's1' as seller_id,
                     {moment} as shipping_limit_date, 10.0 as price, 2.5 as freight_value"
            ),
        );
    };
    std::fs::remove_file(place.path("raw/olist_order_items_dataset.csv")).unwrap();
    items("to_timestamp(1514764800)");
    place.olist(&["ingest", "raw"]).code(1).says(&[
        "column `shipping_limit_date` of `raw/olist_order_items_dataset.parquet` has a time zone",
        "--> queries/sources/order_items.sql:23:9",
        "tz_localize(None)",
    ]);
    items("timestamp '0002-01-01'");
    place
        .olist(&["ingest", "raw"])
        .code(1)
        .says(&["row 1 of `raw/olist_order_items_dataset.parquet`", "is before 1900"]);
    items("timestamp '2018-01-06'");
    place.olist(&["ingest", "raw"]).code(0);
}

#[test]
fn a_type_that_loses_something_is_refused() {
    for (sql_type, price) in [("integer", "10.50"), ("decimal(12, 1)", "10.55"), ("real", "1234567.89")] {
        let place = small();
        place.edit(
            "queries/sources/order_items.sql",
            "'price': {\n            'type': 'decimal(12, 2)'",
            &format!("'price': {{\n            'type': '{sql_type}'"),
        );
        place.edit("raw/olist_order_items_dataset.csv", "10.00", price);
        place.olist(&["ingest", "raw"]).code(1).says(&[
            "raw/olist_order_items_dataset.csv:2:32",
            &format!("\"{price}\" in column \"price\" does not fit into {sql_type}"),
            &format!("queries/sources/order_items.sql:31 gives the type {sql_type}"),
        ]);
    }
    let place = small();
    place.edit(
        "queries/sources/order_items.sql",
        "'shipping_limit_date': {\n            'type': 'timestamp'",
        "'shipping_limit_date': {\n            'type': 'date'",
    );
    place.olist(&["ingest", "raw"]).code(0);
    place.edit("raw/olist_order_items_dataset.csv", "2018-01-06 00:00:00", "2018-01-06 10:00:00");
    place.olist(&["ingest", "raw"]).code(1).says(&["does not fit into date: part of it would be lost"]);
}

#[test]
fn rows_that_vanish_are_told() {
    let place = with("olist_sellers_dataset", SELLERS);
    place
        .olist(&["ingest", "raw"])
        .code(0)
        .says(&["`raw/olist_sellers_dataset.csv` has a header, and no rows"]);
    let place = small();
    place.edit(
        "queries/sources/geolocation.sql",
        "select * from {{ raw() }}",
        "select * from {{ raw() }} where geolocation_state = 'XX'",
    );
    place.write(
        "raw/olist_geolocation_dataset.csv",
        "geolocation_zip_code_prefix,geolocation_lat,geolocation_lng,geolocation_city,geolocation_state\n01037,-23.5,-46.6,x,SP\n",
    );
    place.olist(&["ingest", "raw"]).code(1).says(&[
        "`geolocation` has no rows, of 1 in `raw/olist_geolocation_dataset.csv`",
        "the SELECT of queries/sources/geolocation.sql",
    ]);
}

#[test]
fn quotes_have_two_ends() {
    let seller = |line: &str, place: &str, what: &str| {
        with("olist_sellers_dataset", format!("{SELLERS}s1,1,a,SP\n{line}\n"))
            .olist(&["ingest", "raw"])
            .code(1)
            .says(&[&format!("olist_sellers_dataset.csv:{place}"), what, "is a quote missing"]);
    };
    seller("s2,2,\"never closed,SP", "3", "a quote that opens here is never closed");
    seller("s2,2,a,\"SP", "3", "a quote that opens here is never closed");
    seller("s2,2,\"a\" b,SP", "3", "text behind a quote that closes a cell");
    let place = with("olist_sellers_dataset", format!("{SELLERS}s1,\"00123\",\"a \"\"b\"\"\",S\"P\n"));
    place.olist(&["ingest", "raw"]).code(0);
    assert_eq!(place.cell("select length(seller_city) || seller_state from sources.sellers"), "\"5S\"\"P\"");
}

/// A spreadsheet or a data frame that takes `01037` for a number.
#[test]
fn zip_codes_have_their_zeros_again() {
    let place =
        with("olist_sellers_dataset", format!("{SELLERS}s1,123,a,SP\ns2,00456,b,SP\ns3,789.0,c,SP\n"));
    place.olist(&["ingest", "raw"]).code(0).says(&[
        "`raw/olist_sellers_dataset.csv`: 2 cells of `seller_zip_code_prefix` had lost leading zeros",
    ]);
    let zips = "select seller_zip_code_prefix from sources.sellers order by seller_id";
    assert_eq!(place.query(zips), ["00123", "00456", "00789"]);
    std::fs::remove_file(place.path("raw/olist_sellers_dataset.csv")).unwrap();
    for sql_type in ["bigint", "double", "varchar"] {
        let select = format!(
            "select 's' || range as seller_id, (100 + range)::{sql_type} as seller_zip_code_prefix, 'a' as seller_city,
                 'SP' as seller_state from range(1, 3)"
        );
        parquet(&place, "olist_sellers_dataset", &select);
        place.olist(&["ingest", "raw"]).code(0).says(&["2 cells of `seller_zip_code_prefix`"]);
        assert_eq!(place.query(zips), ["00101", "00102"]);
    }
    place.edit(
        "queries/sources/sellers.sql",
        "'type': 'varchar',\n            'digits'",
        "'type': 'integer',\n            'digits'",
    );
    place
        .olist(&["ingest", "raw"])
        .code(2)
        .says(&["queries/sources/sellers.sql:13:", "leading zeros are kept"]);
}
