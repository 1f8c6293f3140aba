//! Raw files that are not what they should be.

use std::time::Duration;

use super::{bounded, refused};
use crate::ingest::{gzip, small};
use crate::support::{Place, times};

const ORDERS: &str = "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,\
    order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\n";

const ITEMS: &str = "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n";
const REVIEWS: &str = "review_id,order_id,review_score,review_comment_title,review_comment_message,review_creation_date,review_answer_timestamp\n";

fn review(text: &[u8]) -> Vec<u8> {
    [REVIEWS.as_bytes(), b"r1,o1,5,,", text, b",2018-01-06 00:00:00,2018-01-07 00:00:00\n"].concat()
}

#[test]
#[ignore = "thirty files"]
fn files_that_are_not_what_they_should_be() {
    let place = small();
    place.olist(&["ingest", "raw"]).code(0);
    let content = |place: &Place| {
        ["orders", "order_items", "order_reviews"]
            .map(|source| place.query(&format!("from sources.{source} order by all")))
    };
    let before = content(&place);
    let check = |file: &str, bytes: &[u8], parts: &[&str]| {
        let csv = file.trim_end_matches(".gz");
        let good = std::fs::read(place.path(csv)).unwrap();
        std::fs::remove_file(place.path(csv)).unwrap();
        place.write(file, bytes);
        refused(&place, &["ingest", "raw"], parts);
        std::fs::remove_file(place.path(file)).unwrap();
        place.write(csv, good);
    };
    let orders = "raw/olist_orders_dataset.csv";
    let items = "raw/olist_order_items_dataset.csv";
    let reviews = "raw/olist_order_reviews_dataset.csv";
    let row = |moment: &str| {
        format!(
            "{ORDERS}o1,c1,delivered,{moment},2018-01-02 11:00:00,2018-01-03 10:00:00,2018-01-05 10:00:00,2018-01-20 00:00:00\n"
        )
    };
    let utf16: Vec<u8> = ORDERS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check(orders, &utf16, &["no UTF-8 text", "olist_orders_dataset.csv:1", "UTF-16"]);
    check(reviews, &review(b"n\xe3o"), &["olist_order_reviews_dataset.csv:2", "no UTF-8 text"]);
    check(
        reviews,
        &review(&vec![b'x'; 20 << 20]),
        &["olist_order_reviews_dataset.csv:2", "line 2 is longer than 16 MB"],
    );
    check(reviews, &review(&vec![b'"'; 4_000_001]), &["olist_order_reviews_dataset.csv:2", "quote"]);
    // DuckDB leaves such a line out without a word.
    let bomb = gzip(&review(&vec![b'"'; 300_000_000]));
    check(&format!("{reviews}.gz"), &bomb, &["line 2 is longer than 16 MB"]);
    check(reviews, &review(b"\"never closed"), &["olist_order_reviews_dataset.csv:2", "quote"]);
    for price in ["NaN", "inf", "-inf", "1e400", "99999999999999", "ten"] {
        let text = format!("{ITEMS}o1,1,p1,s1,2018-01-06 00:00:00,{price},2.50\n");
        check(items, text.as_bytes(), &["olist_order_items_dataset.csv:2", "price", price]);
    }
    check(orders, row("9999-01-02 10:00:00").as_bytes(), &["a moment that has not come", "o1", "9999-01-02"]);
    check(orders, row("infinity").as_bytes(), &["a moment that has not come", "infinity"]);
    check(orders, row("2018-02-30 10:00:00").as_bytes(), &["olist_orders_dataset.csv:2", "2018-02-30"]);
    check(orders, ORDERS.as_bytes(), &["`orders` has 0 rows, and had 2", "--force"]);
    check(orders, b"", &["this file is empty"]);
    assert_eq!(content(&place), before, "the last good load is gone");

    // Large, and not wrong.
    let good = std::fs::read(place.path(reviews)).unwrap();
    place.write(reviews, review(&vec![b'x'; 10 << 20]));
    assert_eq!(bounded(&place, &["ingest", "raw"]).0, 0);
    assert_eq!(
        place.cell("select max(length(review_comment_message)) from sources.order_reviews"),
        "10485760"
    );
    place.write(reviews, good);
    // A source may be emptied on purpose.
    place.write(orders, ORDERS);
    place.olist(&["ingest", "raw", "--force"]).code(0);
    assert_eq!(place.cell("select count(*) from sources.orders"), "0");
}

#[test]
#[ignore = "as many loads as it takes"]
fn a_file_that_is_replaced_while_it_is_read() {
    let place = small();
    let file = "raw/olist_order_items_dataset.csv";
    let text = |rows: usize| {
        (0..rows).fold(ITEMS.to_owned(), |text, at| {
            text + &format!("o1,{},p1,s1,2018-01-06 00:00:00,10.00,2.50\n", at + 1)
        })
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    let least = times(25).max(4);
    let (mut loaded, mut told) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for rows in (2000..).take_while(|_| !done.load(std::sync::atomic::Ordering::Relaxed)) {
                place.write("raw/next", text(rows));
                std::fs::rename(place.path("raw/next"), place.path(file)).unwrap();
                std::thread::sleep(Duration::from_millis(40));
            }
        });
        // Whether a load is hit is chance: until one was.
        while loaded + told < least || (told == 0 && loaded < 200) {
            let (code, said) = bounded(&place, &["ingest", "raw"]);
            if code == 0 {
                loaded += 1;
                // What is said of the file is what was loaded from it.
                let digest = place.query(
                    "select digest, rows from pipeline.loads where is_current and source = 'order_items'",
                );
                let (digest, rows) = digest[0].split_once(',').unwrap();
                let expected = blake3::hash(text(rows.parse().unwrap()).as_bytes()).to_hex().to_string();
                assert_eq!(digest, expected);
            } else {
                told += 1;
                assert!(said.contains("changed while it was read"), "{said}");
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(told > 0, "{loaded} loaded, none refused");
}
