//! `olist ingest`: Kaggle's files as they are, the sample, and everything that can be wrong with a file.

mod bad_files;
mod columns;
mod good_files;
mod sample;
mod until;

use std::io::Write;
use std::sync::OnceLock;

use crate::support::Place;

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

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub const SELLERS: &str = "seller_id,seller_zip_code_prefix,seller_city,seller_state\n";
pub const PAYMENTS: &str = "order_id,payment_sequential,payment_type,payment_installments,payment_value\n";

/// Replaces one file, tries to load, and expects that nothing was lost.
#[track_caller]
pub fn fails(file: &str, content: impl AsRef<[u8]>, parts: &[&str]) {
    static BEFORE: OnceLock<Vec<String>> = OnceLock::new();
    let orders = "select * from sources.orders order by order_id";
    let place = Place::with_files();
    let before = BEFORE.get_or_init(|| place.query(orders));
    for ending in ["csv", "csv.gz"] {
        let _ =
            std::fs::remove_file(place.path(&format!("raw/{}.{ending}", file.split('.').next().unwrap())));
    }
    place.write(&format!("raw/{file}"), content);
    place.olist(&["ingest", "raw"]).code(1).says(parts);
    assert_eq!(place.query(orders), *before, "the last good load is gone");
}
