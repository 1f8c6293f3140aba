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
        store("select order_id\nfrom {{ source('orders') }}\ngroup by ‸5", &["GROUP BY term out of range"]),
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

#[test]
fn mistakes_without_a_place_are_shown_at_the_part_that_fails() {
    let store = Slip::store;
    let orders = "from {{ source('orders') }}";
    let after =
        |body: &str, says: &[&'static str]| store(&format!("select order_id\n{orders}\n{body}"), says);
    let of = |item: &str, says: &[&'static str]| store(&format!("select order_id,\n{item}\n{orders}"), says);
    check_all(&[
        after("where\n    order_status <> 'x'\n    and ‸regexp_matches(order_status, '[')", &["missing ]"]),
        after("where order_status = 'x' or\n    ‸regexp_matches(order_status, '*a')", &[]),
        after("where known_at::date >\n    ‸make_date(2018, 2, 30)", &["2018-2-30"]),
        after("where order_status\n    = ‸?", &["has no value", "var("]),
        after("where order_status\n    = ‸$state", &["has no value"]),
        after("using\n    ‸sample 200 percent", &["200"]),
        after("where order_id in (\n    select order_id\n    from {{ source('order_items') }}\n    where ‸regexp_matches(product_id, '[')\n)", &["missing"]),
        after("qualify row_number() over (\n    partition by order_status\n    order by ‸regexp_extract(order_status, '[')\n) = 1", &["missing"]),
        after("order by\n    known_at,\n    ‸regexp_extract(order_status, '[')", &["missing"]),
        store("select order_id, count(*) as n\nfrom {{ source('orders') }}\ngroup by order_id\nhaving count(*) > 0\n    and ‸error('n ' || count(*)) is null", &["n 1"]),
        store("select o.order_id\nfrom {{ source('orders') }} as o\nleft join {{ source('order_items') }} as i\n    on i.order_id = o.order_id\n    and ‸regexp_matches(i.product_id, '(')", &["missing )"]),
        store("select o.order_id\nfrom {{ source('orders') }} as o\nwhere exists (\n    select 1\n    from {{ source('order_items') }} as i\n    where i.order_id = o.order_id\n        and ‸error('q') is null\n)", &["q"]),
        store("select o.order_id, l.x\nfrom {{ source('orders') }} as o\ncross join lateral (\n    select ‸error('w' || o.order_id) as x\n) as l", &["w"]),
        store("select order_id\nfrom (values ('a'),\n    (error(‸'bad row'))) as t(order_id)", &["bad row"]),
        of("    case\n        when order_status = 'x' then 1\n        when ‸regexp_matches(order_status, '[a') then 2\n    end as x", &["missing ]"]),
        of("    list_filter([1, 2], lambda v:\n        v > ‸strptime(order_status, '%d')::text::int) as x", &["parse"]).lines_only(),
        of("    case order_status\n        when 'nil' then 1\n        else\n            ‸error('del')::int\n    end as x", &["del"]),
        of("    (\n        ‸select i.price\n        from {{ source('order_items') }} as i\n        where i.order_id <> orders_as_of.order_id\n    ) as x".replace("orders_as_of.order_id", "order_status").as_str(), &["row"]),
    ]);
}

#[test]
fn mistakes_handed_to_a_macro_are_shown_at_its_call() {
    let store = Slip::store;
    let orders = "from {{ source('orders') }}";
    check_all(&[
        store(
            &format!(
                "select order_id\n{orders}\nwhere known_at >= {{{{ days_before(reference_date, ¦'30 days') }}}}"
            ),
            &["30 days", "queries/macros/time.sql:24"],
        ),
        store(
            &format!("select order_id,\n    {{{{ months_before(reference_date, ¦'six') }}}} as d\n{orders}"),
            &["six"],
        ),
        store(
            &format!(
                "{{% macro like(x, r) %}}\n‸regexp_matches({{{{ x }}}}, '{{{{ r }}}}')\n{{% endmacro %}}\nselect order_id\n{orders}\nwhere {{{{ like('order_status', '(b') }}}}"
            ),
            &["called at features/slip.sql:7:10"],
        ),
        store(
            &format!(
                "select\n    order_id\n    , known_at as p\n    {{{{ ‸days_between('known_at', reference_date) }}}} as d\n{orders}"
            ),
            &[
                "near \"date_diff\"",
                "the SQL there is:",
                "as p date_diff(",
                "within queries/macros/time.sql:9",
            ],
        ),
        store(
            "select order_id\n{{ ‸source('orders') }}",
            &["the SQL there is:", "select order_id sources.orders_as_of("],
        ),
        Slip::file(
            "queries/macros/mine.sql",
            "{% macro more(x) -%}\n({{ x }} + ‸fee)\n{%- endmacro %}\n{% macro share(x) -%}\n{{ ratio(more(x), '1') }}\n{%- endmacro %}\n",
            "features.slip",
            &["fee", "called at features/slip.sql:2:"],
        )
        .using("select order_id, {{ share('1') }} as s\nfrom {{ source('orders') }}"),
    ]);
}

#[test]
fn a_half_of_a_bracket_that_is_missing_is_shown_where_the_sql_stops_making_sense() {
    let store = Slip::store;
    check_all(&[
        store(
            "with a as (\n    select order_id,\n        coalesceorder_status, 'x') ‸as s,\n        1 as one\n    from {{ source('orders') }}\n)\n\nselect * from a",
            &["this `)` closes nothing at features/slip.sql:7"],
        ),
        store(
            "with a as\n    ‸select order_id\n    from {{ source('orders') }}\n),\n\nb as (select * from a)\n\nselect * from b",
            &["closes nothing at features/slip.sql:5"],
        ),
        store(
            "select order_id,\n    ‸/* todo\n    1 as x\nfrom {{ source('orders') }}",
            &["this `/*` is never closed"],
        ),
    ]);
}

#[test]
fn what_is_not_there_is_said_with_what_is_near() {
    let store = Slip::store;
    let items = "with items as (\n    select * from {{ source('order_items') }}\n)\n\n";
    check_all(&[
        store("select order_id\nfrom ‸orders", &["no table `orders`", "write `{{ source('orders') }}`"]),
        store(
            "select seller_id as order_id\nfrom ‸features.seller_sales_",
            &["{{ ref('features.seller_sales') }}"],
        ),
        store(
            "select seller_id as order_id\nfrom ‸seller_sales",
            &["write `{{ ref('features.seller_sales') }}`"],
        ),
        store(&format!("{items}select order_id\nfrom ‸itmes"), &["did you mean the CTE `items`?"]),
        store(
            &format!("{items}select items.order_id, ‸items.prce\nfrom items"),
            &["column `prce` is not in `items`", "near it there is: price"],
        ),
        store(
            &format!(
                "{items}select i.order_id\nfrom items as i\njoin {{{{ source('orders') }}}} as o on o.order_id = i.order_id\nwhere ‸o.price > 3"
            ),
            &["column `price` is not in `o`", "another table of this query has `price`"],
        ),
        store(
            "select order_id, ‸nvl(order_status, 'x') as s\nfrom {{ source('orders') }}",
            &["no function `nvl`", "coalesce"],
        ),
    ]);
}

/// A query that cannot be bound is a mistake in SQL, whatever the rows are; a value of a row that cannot be converted is one
/// in the data.
#[test]
fn the_exit_code_tells_whose_mistake_it_is() {
    let store = Slip::store;
    let with = |check: &str| {
        format!(
            "{{{{ config(entity = 'order', key = 'order_id', description = 'x', checks = [\n    {check}\n]) }}}}\nselect order_id, order_status\nfrom {{{{ source('orders') }}}}\n"
        )
    };
    let check = |text: &str, says: &[&'static str]| {
        Slip::file("features/slip.sql", &with(text), "features.slip", says)
    };
    check_all(&[
        store("select order_id, ‸known_at as x\nfrom {{ source('orders') }}\nunion all\nselect order_id, [1]\nfrom {{ source('orders') }}", &["cannot be cast"]).code(2),
        store("select order_id,\n    ‸abs(price) filter (where price > 3) as x\nfrom {{ source('order_items') }}", &["abs"]).code(2),
        store("select order_id\nfrom {{ source('orders') }}\nwhere order_status‸::int > 3", &["try_cast"]).code(1),
        store("select order_id,\n    ‸1 // (order_item_id - order_item_id) as x\nfrom {{ source('order_items') }}", &["Division by zero", "nullif"]).lines_only().code(1),
        check("'order_status‸::int > 0',", &["Could not convert"]).code(1),
        check("'order_statos‸ > 0',".replace("order_statos‸", "‸order_statos").as_str(), &["order_statos"]).code(2),
        check("¦'',", &["this check is empty"]).code(2),
    ]);
}

#[test]
fn columns_are_shown_in_the_select_that_gives_them() {
    let abt = |from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit("abt/seller_churn.sql", from, to, "abt.seller_churn", says)
    };
    check_all(&[
        Slip::store(
            "select o.*, ‸i.*\nfrom {{ source('orders') }} as o\njoin {{ source('order_items') }} as i using (order_id)",
            &["two columns `order_id`", "exclude"],
        ),
        abt(
            "        population.label_known_on,\n    from",
            "        'soon' as ‸label_known_on,\n    from",
            &["`label_known_on` is VARCHAR"],
        )
        .code(2),
        abt(
            "then 0 else 1\n        end as is_churned",
            "then 'no' else 'yes'\n        end as ‸is_churned",
            &["`is_churned` is VARCHAR", "a number"],
        ),
    ]);
}
