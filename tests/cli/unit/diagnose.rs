//! An error of DuckDB in the analyst's words.

use olist::diagnose::{advice, placed};
use olist::sql::{Select, SqlError};
use olist::warehouse::{Engine, Warehouse};

fn warehouse() -> (tempfile::TempDir, Warehouse) {
    let folder = tempfile::tempdir().unwrap();
    let warehouse = Warehouse::open(&folder.path().join("x.duckdb"), &Engine::default()).unwrap();
    (folder, warehouse)
}

#[test]
fn a_table_is_never_suggested_past_source_and_ref() {
    let (_folder, warehouse) = warehouse();
    let hint = |sql: &str, name: &str| {
        let message = format!("Table with name {name} does not exist!\nDid you mean \"sqlite_master\"?");
        let error = SqlError { class: "Catalog".to_owned(), ..SqlError::statement(&message, None) };
        let tables = ["sources.orders", "sources.order_items", "features.seller_sales"].map(str::to_owned);
        advice(&warehouse, sql, &error, &tables).hint.unwrap()
    };
    assert!(hint("select 1", "orders").contains("`{{ source('orders') }}`"));
    assert!(hint("select 1", "sources.ordrs").contains("`{{ source('orders') }}`"));
    assert!(hint("select 1", "seller_sales").contains("`{{ ref('features.seller_sales') }}`"));
    let with = "with itms as (select 1 as a) select 1";
    assert!(hint(with, "items").contains("the CTE `itms`"));
    assert!(hint(with, "zzzzz").contains("itms"));
    assert!(hint("select 1", "features.sellr_sale").contains("`{{ ref('features.seller_sales') }}`"));
}

/// Where the error is in a query that gives one, marked by `‸`.
fn places(marked: &str) {
    let (_folder, warehouse) = warehouse();
    let (before, behind) = marked.split_once('‸').unwrap();
    let sql = format!("{before}{behind}");
    let run = |select: Select| warehouse.rows(select.as_str(), &[], |_| Ok(()));
    let error = Select::of(&sql).and_then(run).expect_err(&sql);
    assert_eq!(placed(&warehouse, &sql, error.clone()).position, Some(before.len()), "{marked}\n{error:?}");
}

#[test]
fn what_fails_in_rows_is_found_by_trying() {
    for marked in [
        "with a as (select range as x from range(9)), b as (select ‸error('no') as y from a) select * from b",
        "select 1 as x, case when range > 3 then ‸error('no') end as y from range(9)",
        "select range from range(9) where range < 100 and ‸error('no') is null",
        "select range from range(9) order by ‸error('no')",
        "select 1 as x union all select ‸error('no')",
        "select q.x from (select ‸error('no') as x) as q",
        "select range, (select max(‸error('no')) from range(2)) as y from range(9)",
        "with recursive r as (select 1 as x union all select ‸error('no')::int from r where x < 3) select * from r",
        "select count(*) from range(9) as a(x) join range(9) as b(y) on x = y and ‸error('no') = 1",
        "select 1, 2 as x from range(9) group by all having ‸error('no') is null",
        "select range from range(9) qualify row_number() over () = 1 and ‸error('no') is null",
        "select list_transform([1], lambda x: ‸error('no')) as y",
        "select 1 as a, 2 as b union all ‸select 3",
    ] {
        places(marked);
    }
}

#[test]
fn what_cannot_be_read_is_found_by_its_brackets() {
    for marked in [
        "select f‸(x from t",
        "select (x)‸) from t",
        "select\n 'a, 'b‸'\n",
        "with a as (select f‸(x from t)",
        "select 1 as x ‸from",
    ] {
        places(marked);
    }
}
