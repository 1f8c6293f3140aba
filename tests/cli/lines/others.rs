//! Mistakes invented once all the others were shown at their place.

use super::{Slip, check_all};

/// Invented once everything above was shown at its place.
#[test]
fn mistakes_of_other_kinds_are_shown_at_their_place() {
    let store = Slip::store;
    let from = "from {{ source('order_items') }}";
    let of = |body: &str, says: &[&'static str]| store(&format!("{body}\n{from}"), says);
    let head = "{{ config(entity = 'x', key = 'x', description = 'x') }}";
    let whole =
        |text: &str, says: &[&'static str]| Slip::file("features/slip.sql", text, "features.slip", says);
    let long = format!("select order_id, {}‸pric, 2 as z", "'long' || 'text' as x, ".repeat(30));
    check_all(&[
        whole(&format!("{head}\r\nselect 1 as x,\r\n    'é' || ‸nothing\r\n"), &["nothing"]),
        whole(&format!("\u{feff}{head}\nselect ‸nothing as x\n"), &["nothing"]),
        whole(&format!("\u{feff}‸{{% if %}}{head}\n").replace("‸", "¦"), &[]),
        of(&long, &["… ", " …", "^"]),
        of(
            "select order_id, price from {{ source('order_items') }} where ‸row_number() over () = 1 union all select order_id, 1",
            &["window"],
        ),
        of("select order_id,\n    sum(‸sum(price)) as x", &["aggregate"]),
        of("select order_id,\n    price\n    freight_value ‸x", &["syntax error"]),
        of("select order_id,\n    price::‸nummer as x", &["nummer"]),
        of("select order_id,\n    ‸date '2018-13-01' as x", &["2018-13-01"]),
        of(
            "select order_id,\n    ‸date '2018-01-01' + price as x"
                .replace("‸date '2018-01-01' +", "date '2018-01-01' ‸+")
                .as_str(),
            &["+"],
        ),
        of("select order_id,\n    list_transform([1], lambda x: ‸y) as z", &["y"]),
        of(
            "select order_id,\n    {'a': 1}.b as ‸z".replace("{'a': 1}.b as ‸z", "{‸'a': 1}.b as z").as_str(),
            &["b"],
        ),
        of(
            "select a.order_id from {{ source('orders') }} as a\njoin {{ source('orders') }} as b using (‸foo) union all select order_id",
            &["foo"],
        ),
        of("select order_id, price order by ‸7".replace(" order by ‸7", "").as_str(), &[])
            .ending("order by ‸7"),
        of(
            "with a as (select * from ‸b),\nb as (select 1 as order_id)\nselect order_id from a union all select order_id",
            &["b"],
        ),
        of(
            "with a as (\n    select order_id\n    from {{ source('order_items') }}\n    where order_item_id::int ‸* 2147483647::int > 3\n)\nselect a.order_id from a union all select order_id",
            &["verflow"],
        ),
        of(
            "select order_id, 'a' as b from {{ source('orders') }}\nunion all\nselect order_id, ‸error('no')",
            &["no"],
        ),
        of(
            "select i.order_id from {{ source('orders') }} as o\njoin {{ source('order_items') }} as i\n    on i.order_item_id = o.order_status‸::int union all select order_id",
            &["convert"],
        ),
        of(
            "select order_id,\n    sum(order_item_id::int ‸* 2147483647::int) over (partition by order_id) as x",
            &["verflow"],
        ),
        of(
            "select order_id from (\n    select order_id, ‸pric\n    from {{ source('order_items') }}\n) union all select order_id",
            &["pric"],
        ),
        of("{% fro x in [1] %}x{% endfor %}".replace("{% fro", "{% ‸fro").as_str(), &["fro"]),
    ]);
}

#[test]
fn more_mistakes_of_other_kinds_are_shown_at_their_place() {
    let store = Slip::store;
    let from = "from {{ source('order_items') }}";
    let of = |body: &str, says: &[&'static str]| store(&format!("{body}\n{from}"), says);
    let whole =
        |text: &str, says: &[&'static str]| Slip::file("features/slip.sql", text, "features.slip", says);
    check_all(&[
        of("{% for x y %}x{% endfor %}".replace("x y", "x ‸y").as_str(), &[]),
        of("select {{ ‸'abc }}", &[]).lines_only(),
        of("‸{% set x %}\nselect 1", &["never closed"]),
        of("{% set x = 1 %}\n{% if x is ‸devine %}{% endif %}", &["devine"]),
        of("select {{ ‸ratio(numerator='a', denominater='b') }}", &["denominat"]),
        of("select {{ ‸5 | join(',') | abs }}", &[]).lines_only(),
        of("select {{ [1, 2][‸0].x.y }}", &[]).lines_only(),
        of(
            "select order_id,\n{% for k, v in {'a': 'price', 'b': '‸pric'} | items %}\n    {{ v }} as {{ k }},\n{% endfor %}",
            &["2nd iteration", "k = 'b', v = 'pric'"],
        ),
        of(
            "{% macro one(x) %}{{ ratio(x, '1') }}{% endmacro %}\nselect order_id,\n{% for c in ['price', 'freight'] %}\n    {{ ‸one('n_' ~ c) }} as x{{ loop.index }},\n{% endfor %}",
            &["1st iteration", "c = 'price'", "queries/macros/ratio.sql:6"],
        ),
        of("{#\n a comment with 'quotes and {{ tags }}\n#}\nselect order_id, -- it's\n    ‸pric", &["pric"]),
        whole(
            "{{ config(entity = 'x', key = 'x', ‸key = 'y', description = 'x') }}\nselect 1 as x\n",
            &["given twice"],
        ),
        of(
            "select order_id,\n    {{ ratio(\n        'sum(price)',\n        'count(*) filter (where ‸pric > 3)'\n    ) }} as x",
            &["pric"],
        ),
        of("select order_id,\n    extract(‸foo from known_at) as x", &["foo"]).lines_only(),
        of("select order_id,\n    count(distinct price, ‸freight) as x", &[]).lines_only(),
        of("select order_id,\n    ‸substr(price, 1, 2, 3, 4) as x", &["substr"]),
        of(
            "select order_id, count(*)\nfrom {{ source('order_items') }}\ngroup by order_id\nhaving ‸pric > 3 union all select order_id, 1",
            &["pric"],
        ),
        of(
            "select order_id, (select max(x.‸foo) from {{ source('orders') }} as x) as y"
                .replace("x.‸foo", "‸x.foo")
                .as_str(),
            &["foo"],
        ),
    ]);
}
