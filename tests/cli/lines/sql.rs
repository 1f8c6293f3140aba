//! Mistakes in SQL, found when it is read or while its rows are made.

use super::{Slip, check_all};

#[test]
fn mistakes_in_sql_are_shown_at_their_place() {
    let store = Slip::store;
    check_all(&[
        store(
            "select\n    order_id,\n    ‸order_statu\nfrom {{ source('orders') }}",
            &["order_status", "2018-06-01"],
        ),
        store("select\n    order_id,\n    ‸o.statu\nfrom {{ source('orders') }} as o", &["statu"]),
        store("select\n    order_id,\n    ‸sun(1) as x\nfrom {{ source('orders') }}", &["sun", "sum"]),
        store("select order_id\nfrom {{ source('orders') }}\nwhere\n    ‸order_dat > 3", &["order_dat"]),
        store("select order_id\n¦form {{ source('orders') }}", &["syntax error"]),
        store(
            "select order_id,,‸\nfrom {{ source('orders') }}".replace(",,‸", ",‸,").as_str(),
            &["syntax error"],
        ),
        store("select\n    coalesce‸(order_id, 'x' as order_id\nfrom {{ source('orders') }}", &["("]),
        store(
            "select\n    (order_id‸)) as order_id\nfrom {{ source('orders') }}"
                .replace("‸))", ")‸)")
                .as_str(),
            &[")"],
        ),
        store("select\n    order_id,\n    ‸'abc as x\nfrom {{ source('orders') }}", &["'"]),
        store("select order_id\nfrom ‸sources.ordrs", &["ordrs", "orders"]),
        store("select order_id\nfrom {{ source('orders') }}‸;", &["syntax error"]),
        store("select order_id\nfrom {{ source('orders') }}\norder ‸boo order_id", &["syntax error"]),
        store(
            "with a as (\n    select order_id from {{ source('orders') }}\n)\n\nselect order_id from ‸aa",
            &["aa"],
        ),
        store("select order_id\nfrom {{ source('orders') }}\ngroup by ‸order_idd", &["order_idd"]),
        store(
            "select order_id, ‸order_status\nfrom {{ source('orders') }}\ngroup by order_id",
            &["GROUP BY"],
        ),
        store("select order_id\nfrom {{ source('orders') }}\nwhere ‸sum(1) > 2", &["WHERE"]),
        store("select order_id\nfrom {{ source('orders') }}\n‸group by 5", &["GROUP BY term out of range"]),
        store(
            "with a as (\n    select 1 as x\n),\n\n‸a as (\n    select 2 as x\n)\n\nselect order_id from {{ source('orders') }}",
            &["Duplicate CTE name"],
        ),
        store(
            "select a.order_id\nfrom {{ source('orders') }} as a\njoin {{ source('order_items') }} as b on ‸order_id = 'x'",
            &["mbiguous"],
        ),
        store(
            "select order_id, ‸order_id + interval 1 day as x\nfrom {{ source('orders') }}"
                .replace("‸order_id +", "order_id ‸+")
                .as_str(),
            &[],
        ),
        store(
            "select order_id, ‸date_diff('day', order_id, 3) as x\nfrom {{ source('orders') }}",
            &["date_diff"],
        ),
        store(
            "select order_id, ‸order_id::integer as x\nfrom {{ source('orders') }}"
                .replace("‸order_id::", "order_id‸::")
                .as_str(),
            &["Could not convert"],
        ),
        store(
            "select order_id,\n    ‸cast(order_status as date) as x\nfrom {{ source('orders') }}",
            &["invalid date"],
        ),
        store(
            "select order_id,\n    é as ação, ‸statu\nfrom (select order_id, 1 as é from {{ source('orders') }})",
            &["statu"],
        ),
        store("select order_id,\n\t\t'ã' || ‸statu as x\nfrom {{ source('orders') }}", &["\t\t       ^"]),
        store("select order_id from {{ source('orders') }}\nunion all\n‸select 1, 2", &["same number"]),
        store("select order_id, ‸x.y from {{ source('orders') }}", &["x"]),
        store("select distinct on (‸foo) order_id from {{ source('orders') }}", &["foo"]),
        store(
            "select order_id, row_number() over (order by ‸foo) as n from {{ source('orders') }}",
            &["foo"],
        ),
        store("select order_id, case when true then 1 ‸as x\nfrom {{ source('orders') }}", &["syntax error"]),
        store(
            "select order_id\nfrom {{ source('orders') }}\nwhere order_id in (select ‸x from {{ source('order_items') }})",
            &["x"],
        ),
        store("select order_id, 1 as x from {{ source('orders') }} ‸order", &[]),
        store("select order_id, count(*) over () / ‸'x' as y\nfrom {{ source('orders') }}", &["x"]),
        store(
            "with a as ‸(\n    select order_id\n    from {{ source('orders') }}\n\nselect order_id from a",
            &[],
        ),
    ]);
}

#[test]
fn mistakes_while_the_rows_are_made_are_shown_at_their_place() {
    let store = Slip::store;
    check_all(&[
        store("select order_id, 1 as one,\n    ‸2147483647::int * order_item_id::int as x\nfrom {{ source('order_items') }}".replace("‸2147483647::int *", "2147483647::int ‸*").as_str(), &["verflow"]),
        store("select order_id,\n    ‸error('no ' || order_id) as x\nfrom {{ source('orders') }}", &["no "]),
        store("select order_id,\n    (‸select i.order_id from {{ source('order_items') }} as i) as x\nfrom {{ source('orders') }}", &["one row"]),
        store("select order_id,\n    ‸strptime(order_status, '%Y') as x\nfrom {{ source('orders') }}", &["parse"]),
        store("with a as (select order_id, order_status from {{ source('orders') }}),\n\nb as (\n    select order_id\n    from a\n    where order_status‸::int > 3\n)\n\nselect * from b", &["Could not convert"]),
        store("select order_id, 300 + order_item_id as n,\n    (300 + order_item_id)‸::tinyint as x\nfrom {{ source('order_items') }}", &["range"]),
        store("select order_id,\n    date '9999-12-31' + (¦order_item_id::int * 2000000000)::int as x\nfrom {{ source('order_items') }}", &[]),
        store("select order_id,\n    ‸regexp_matches(order_id, '(' || order_id) as x\nfrom {{ source('orders') }}", &[")"]),
        store("select order_id, repeat('x', 3) as y,\n    ‸factorial(order_item_id::int + 100) as x\nfrom {{ source('order_items') }}", &["range"]),
    ]);
}
