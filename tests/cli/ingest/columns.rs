//! Columns and tables that are missing.

use super::{SELLERS, fails, small};

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
