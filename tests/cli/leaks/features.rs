//! Feature stores.

use super::{DATE, all_are_told_apart, empty_project, feature};

/// Bodies of feature stores that show what was not known, each in a way of its own.
const LEAKS: &[(&str, &str)] = &[
    ("raw_table", "select seller_id, count(*) as x\nfrom sources.order_items -- <<\ngroup by seller_id"),
    (
        "raw_columns_first",
        "from sources.order_items -- <<\nselect seller_id, count(*) as x group by seller_id",
    ),
    (
        "later_as_of",
        "select seller_id, count(*) as x\nfrom sources.order_items_as_of(date '2018-12-01') -- <<\ngroup by seller_id",
    ),
    (
        "later_as_of_computed",
        "select seller_id, count(*) as x\nfrom sources.order_items_as_of({{ reference_date }} + 30) -- <<\ngroup by seller_id",
    ),
    (
        "with_catalog",
        "select seller_id, count(*) as x\nfrom warehouse.sources.order_items -- <<\ngroup by seller_id",
    ),
    ("quoted", "select seller_id, count(*) as x\nfrom \"sources\".\"order_items\" -- <<\ngroup by seller_id"),
    ("upper_case", "select seller_id, count(*) as x\nfrom SOURCES.ORDER_ITEMS -- <<\ngroup by seller_id"),
    (
        "all_dates",
        "select seller_id, max(order_count) as x\nfrom features.clean_sales -- <<\ngroup by seller_id",
    ),
    (
        "by_query",
        "select seller_id, count(*) as x\nfrom query('select * from sources.order_items') -- <<\ngroup by seller_id",
    ),
    (
        "by_query_table",
        "select seller_id, count(*) as x\nfrom query_table('sources.order_items') -- <<\ngroup by seller_id",
    ),
    ("file_reader", "select seller_id, 1 as x\nfrom read_csv('later.csv') -- <<"),
    ("file_by_name", "select seller_id, 1 as x\nfrom 'later.csv' -- <<"),
    (
        "file_names",
        "select seller_id, (select count(*)\n    from glob('*')) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "catalog_function",
        "select seller_id, (select count(*)\n    from duckdb_tables()) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "information_schema",
        "select seller_id, (select count(*)\n    from information_schema.tables) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "ledger",
        "select seller_id, (select max(rows)\n    from pipeline.partitions) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "registry",
        "select seller_id, (select count(*)\n    from registry.models) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    ("scores", "select seller_id, max(score) as x\nfrom scores.seller_churn -- <<\ngroup by seller_id"),
    (
        "described",
        "select seller_id, (select count(*)\n    from (describe sources.orders)) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "summarized",
        "select seller_id, (select max(count)\n    from (summarize sources.orders)) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "now",
        "select seller_id,\n    date_diff('day', min(known_at), now()::timestamp) as x -- <<\nfrom {{ source('order_items') }}\ngroup by seller_id",
    ),
    (
        "current_date",
        "select seller_id,\n    date_diff('day', min(known_at), current_date) as x -- <<\nfrom {{ source('order_items') }}\ngroup by seller_id",
    ),
    (
        "current_timestamp",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') }}\nwhere known_at < current_timestamp -- <<\ngroup by seller_id",
    ),
    (
        "today",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') }}\nwhere known_at < today() -- <<\ngroup by seller_id",
    ),
    (
        "localtimestamp",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') }}\nwhere known_at < localtimestamp -- <<\ngroup by seller_id",
    ),
    (
        "age_of_now",
        "select seller_id,\n    max(age(known_at)) as x -- <<\nfrom {{ source('order_items') }}\ngroup by seller_id",
    ),
    (
        "transaction_clock",
        "select seller_id,\n    transaction_timestamp() as x -- <<\nfrom {{ source('sellers') }}",
    ),
    ("setting", "select seller_id,\n    current_setting('threads') as x -- <<\nfrom {{ source('sellers') }}"),
    ("variable", "select seller_id,\n    getvariable('tomorrow') as x -- <<\nfrom {{ source('sellers') }}"),
    ("random", "select seller_id,\n    random() as x -- <<\nfrom {{ source('sellers') }}"),
    ("uuid", "select seller_id,\n    uuid() as x -- <<\nfrom {{ source('sellers') }}"),
    (
        "tablesample",
        "with items as (select * from {{ source('order_items') }})\nselect seller_id, count(*) as x\nfrom items tablesample 50% -- <<\ngroup by seller_id",
    ),
    ("using_sample", "select seller_id, 1 as x -- <<\nfrom {{ source('sellers') }} using sample 10 rows"),
    (
        "in_subquery",
        "select seller_id,\n    (select max(price) from sources.order_items) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "in_exists",
        "select seller_id, 1 as x\nfrom {{ source('sellers') }} as s\nwhere exists (select 1 from sources.order_items as i where i.seller_id = s.seller_id) -- <<",
    ),
    (
        "in_list",
        "select seller_id, 1 as x\nfrom {{ source('sellers') }}\nwhere seller_id in (select seller_id from sources.order_items) -- <<",
    ),
    (
        "in_lateral",
        "select s.seller_id, l.x\nfrom {{ source('sellers') }} as s,\nlateral (select count(*) as x from sources.order_items as i where i.seller_id = s.seller_id) as l -- <<",
    ),
    (
        "in_union",
        "with items as (\n    select seller_id from {{ source('order_items') }}\n    union all\n    select seller_id from sources.order_items -- <<\n)\nselect seller_id, count(*) as x from items group by seller_id",
    ),
    (
        "in_except",
        "select seller_id, 1 as x from {{ source('sellers') }}\nexcept\nselect seller_id, 1 from sources.sellers where seller_city = 'x' -- <<",
    ),
    (
        "cte_of_the_same_name",
        "with order_items as (\n    select * from sources.order_items -- <<\n)\nselect seller_id, count(*) as x from order_items group by seller_id",
    ),
    (
        "join",
        "select s.seller_id, count(*) as x\nfrom {{ source('sellers') }} as s\ninner join sources.order_items as i on i.seller_id = s.seller_id -- <<\ngroup by s.seller_id",
    ),
    (
        "semi_join",
        "select seller_id, 1 as x\nfrom {{ source('sellers') }}\nsemi join sources.order_items using (seller_id) -- <<",
    ),
    (
        "window_over_all_time",
        "select distinct seller_id,\n    count(*) over (partition by seller_id) as x\nfrom sources.order_items -- <<",
    ),
    (
        "variable_schema",
        "{% set schema = 'sources' %}\nselect seller_id, count(*) as x\nfrom {{ schema }}.order_items -- <<\ngroup by seller_id",
    ),
    (
        "loop",
        "select seller_id, count(*) as x\nfrom (\n{% for table in ['order_items'] %}\n    from sources.{{ table }} -- <<\n{% endfor %}\n)\ngroup by seller_id",
    ),
    (
        "filtered_date",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') | replace('2018-03-01', '2018-09-01') }} -- <<\ngroup by seller_id",
    ),
    (
        "filtered_name",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') | replace('_as_of', '_as_of') | upper | lower | replace('2018-03', '2018-04') }} -- <<\ngroup by seller_id",
    ),
    (
        "through_a_macro",
        "select seller_id, count(*) as x\nfrom {{ planted_table() }} -- <<\ngroup by seller_id",
    ),
    (
        "clock_through_a_macro",
        "select seller_id,\n    {{ planted_clock() }} as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "in_a_check_of_nothing",
        "select seller_id, coalesce(\n    (select 1 from sources.sellers limit 1), 0) as x -- <<\nfrom {{ source('sellers') }}",
    ),
    (
        "later_partition",
        "select seller_id, order_count as x\nfrom {{ ref('features.clean_sales') | replace('2018-03-01', '2018-05-01') }} as l -- <<",
    ),
    (
        "all_partitions",
        "select seller_id, max(order_count) as x\nfrom {{ ref('features.clean_sales') | replace('where reference_date', 'where true or reference_date') }} as l -- <<\ngroup by seller_id",
    ),
    (
        "later_source",
        "select seller_id, count(*) as x\nfrom {{ source('order_items') | replace(\"_as_of(date '2018-03-01')\", '') }} -- <<\ngroup by seller_id",
    ),
    (
        "clock_named_by_another",
        "with a as (\n    select seller_id, left(current_timestamp::varchar, 10) as x from {{ source('sellers') }} -- <<\n)\nselect seller_id, x, {{ reference_date }} as current_timestamp from a",
    ),
];

/// Bodies of feature stores that look like the leaks, and are none.
pub const CLEAN: &[(&str, &str)] = &[
    (
        "sales",
        "select seller_id, count(distinct order_id) as order_count, sum(price) as x\nfrom {{ source('order_items') }}\ngroup by seller_id",
    ),
    ("columns_first", "from {{ source('order_items') }}\nselect seller_id, count(*) as x group by seller_id"),
    (
        "cte_named_as_a_schema",
        "with sources as (select * from {{ source('order_items') }})\nselect seller_id, count(*) as x from sources group by seller_id",
    ),
    (
        "cte_named_as_a_source",
        "with order_items as (select * from {{ source('order_items') }})\nselect seller_id, count(*) as x from order_items group by seller_id",
    ),
    (
        "cte_in_capitals",
        "with Items as (select * from {{ source('order_items') }})\nselect seller_id, count(*) as x from ITEMS group by seller_id",
    ),
    (
        "cte_quoted",
        "with \"my items\" as (select * from {{ source('order_items') }})\nselect seller_id, count(*) as x from \"my items\" group by seller_id",
    ),
    (
        "cte_in_a_cte",
        "with a as (with b as (select * from {{ source('order_items') }}) select * from b)\nselect seller_id, count(*) as x from a group by seller_id",
    ),
    (
        "cte_of_a_subquery",
        "select seller_id, (with t as (select 1 as one) select one from t) as x from {{ source('sellers') }}",
    ),
    (
        "recursive",
        "with recursive steps as (select 1 as x union all select x + 1 from steps where x < 3)\nselect seller_id, (select max(x) from steps) as x from {{ source('sellers') }}",
    ),
    (
        "words_in_texts",
        "select seller_id, 'now() and current_date from sources.orders' as x from {{ source('sellers') }}",
    ),
    (
        "words_in_comments",
        "-- not now(), not random(), not from sources.orders\nselect seller_id, 1 as x /* current_date */ from {{ source('sellers') }}",
    ),
    (
        "column_named_as_a_clock",
        "with s as (select seller_id, min(known_at) as now, 1 as random from {{ source('order_items') }} group by seller_id)\nselect seller_id, now as x, random as y from s",
    ),
    (
        "alias_today",
        "select seller_id, count(*) as today from {{ source('order_items') }} group by seller_id",
    ),
    (
        "age_of_two",
        "select seller_id, max(age({{ reference_date }}, known_at)) as x from {{ source('order_items') }} group by seller_id",
    ),
    (
        "days_since",
        "select seller_id, date_diff('day', max(known_at)::date, {{ reference_date }}) as x from {{ source('order_items') }} group by seller_id",
    ),
    (
        "beyond_the_date",
        "select seller_id, count(*) filter (where known_at >= {{ reference_date }}) as x from {{ source('order_items') }} group by seller_id",
    ),
    (
        "window_of_90_days",
        "select seller_id, count(*) as x from {{ source('order_items') }} where known_at >= {{ days_before(reference_date, 90) }} group by seller_id",
    ),
    (
        "promises",
        "select i.seller_id, count(*) as x from {{ source('order_items') }} as i inner join {{ source('orders') }} as o using (order_id) where o.order_estimated_delivery_date >= {{ reference_date }} group by i.seller_id",
    ),
    (
        "status_of_then",
        "select i.seller_id, count(*) filter (where o.order_status = 'delivered') as x from {{ source('order_items') }} as i inner join {{ source('orders') }} as o using (order_id) group by i.seller_id",
    ),
    (
        "reviews_of_then",
        "select i.seller_id, avg(r.review_score) as x from {{ source('order_items') }} as i inner join {{ source('order_reviews') }} as r using (order_id) group by i.seller_id",
    ),
    (
        "exists_in_source",
        "select seller_id, 1 as x from {{ source('sellers') }} as s where exists (select 1 from {{ source('order_items') }} as i where i.seller_id = s.seller_id)",
    ),
    (
        "subquery_in_source",
        "select seller_id, (select max(price) from {{ source('order_items') }}) as x from {{ source('sellers') }}",
    ),
    (
        "lateral_source",
        "select s.seller_id, l.x from {{ source('sellers') }} as s, lateral (select count(*) as x from {{ source('order_items') }} as i where i.seller_id = s.seller_id) as l",
    ),
    (
        "union_of_sources",
        "with items as (select seller_id from {{ source('order_items') }} union all select seller_id from {{ source('sellers') }})\nselect seller_id, count(*) as x from items group by seller_id",
    ),
    (
        "semi_join_source",
        "select seller_id, 1 as x from {{ source('sellers') }} semi join {{ source('order_items') }} using (seller_id)",
    ),
    (
        "unnested",
        "select seller_id, sum(n) as x from (select seller_id, unnest([1, 2, 3]) as n from {{ source('sellers') }}) group by seller_id",
    ),
    (
        "series",
        "select s.seller_id, count(*) as x from {{ source('sellers') }} as s cross join range(7) as r(n) group by s.seller_id",
    ),
    (
        "dates_in_a_series",
        "select s.seller_id, count(*) as x from {{ source('sellers') }} as s cross join generate_series({{ days_before(reference_date, 7) }}, {{ reference_date }}, interval 1 day) as d(day) group by s.seller_id",
    ),
    (
        "values",
        "select seller_id, (select sum(n) from (values (1), (2)) as v(n)) as x from {{ source('sellers') }}",
    ),
    ("hashed_sample", "select seller_id, 1 as x from {{ source('sellers') }} where hash(seller_id) % 10 = 0"),
    (
        "ranked",
        "select seller_id, rank() over (order by count(*) desc) as x from {{ source('order_items') }} group by seller_id",
    ),
    (
        "qualified",
        "select seller_id, price as x from {{ source('order_items') }} qualify row_number() over (partition by seller_id order by known_at, order_id, order_item_id) = 1",
    ),
    (
        "sums_of_floats",
        "select seller_id, sum(price::double * 0.1) / 3 as x, stddev(freight_value::double) as y from {{ source('order_items') }} group by seller_id",
    ),
    (
        "median_and_list",
        "select seller_id, median(price) as x, list(price order by price, order_id) as y from {{ source('order_items') }} group by seller_id",
    ),
    (
        "pivoted",
        "with p as (pivot (select seller_id, isodow(known_at) as day from {{ source('order_items') }}) on day in (1, 2, 3) using count(*) group by seller_id)\nselect seller_id, \"1\" as x from p",
    ),
    ("ref_of_a_store", "select seller_id, order_count + 1 as x from {{ ref('features.clean_sales') }}"),
    (
        "all_history",
        "select seller_id, avg(count(*)) over () as x from {{ source('order_items') }} group by seller_id",
    ),
    (
        "macro",
        "select seller_id, {{ ratio('count(*)', 'count(distinct order_id)') }} as x from {{ source('order_items') }} group by seller_id",
    ),
    ("clean_macro", "select seller_id, count(*) as x from {{ planted_source() }} group by seller_id"),
    (
        "loop",
        "select seller_id,\n{% for day in range(1, 8) %}\n    count(*) filter (where isodow(known_at) = {{ day }}) as day_{{ day }},\n{% endfor %}\nfrom {{ source('order_items') }} group by seller_id",
    ),
    (
        "loop_over_sources",
        "with {% for name in ['order_items', 'sellers'] %}\n{{ name }} as (select * from {{ source(name) }}),\n{% endfor %}\nfinal as (select seller_id, count(*) as x from sellers inner join order_items using (seller_id) group by seller_id)\nselect * from final",
    ),
    ("filter_of_a_source", "select seller_id, 1 as x from {{ source('sellers') | trim }}"),
    (
        "one_value_a_group",
        "select seller_id, any_value(seller_state) as x from {{ source('sellers') }} group by seller_id",
    ),
    (
        "regular_expressions",
        "select seller_id, regexp_matches(seller_city, '^sao') as x, current_x from (select *, 1 as current_x from {{ source('sellers') }})",
    ),
    ("method", "select seller_id, seller_city.upper() as x from {{ source('sellers') }}"),
    (
        "lambda_named_like_a_clock",
        "select seller_id, list_sum(list_transform([1, 2], lambda current_date: current_date + 1)) as x from {{ source('sellers') }}",
    ),
    (
        "unpivot_named_like_a_clock",
        "select seller_id, max(current_date) as x\nfrom (unpivot (select seller_id, price, freight_value from {{ source('order_items') }}) on price, freight_value into name current_date value money)\ngroup by seller_id",
    ),
    (
        "alias_of_a_subquery_like_a_clock",
        "select seller_id, current_date as x from (select seller_id, {{ reference_date }} as current_date from {{ source('sellers') }})",
    ),
    (
        "floats_in_a_list",
        "select seller_id, [avg(price), sum(price)] as x, {'mean': avg(freight_value)} as y from {{ source('order_items') }} group by seller_id",
    ),
];

#[test]
fn leaks_in_feature_stores_are_found_and_look_alikes_are_not() {
    let place = empty_project();
    let named = |prefix: &str, bodies: &[(&str, &str)]| -> Vec<(String, String)> {
        bodies.iter().map(|(name, body)| (format!("{prefix}_{name}"), feature(body))).collect()
    };
    all_are_told_apart(&place, "features", &named("leak", LEAKS), &named("clean", &CLEAN[1..]));
}

/// A check stands in the same transaction as its rows, and may not see more than they do.
#[test]
fn checks_that_read_tables_or_clocks_are_found() {
    let place = empty_project();
    for (check, says) in [
        ("x <= (select count(*) from sources.order_items)", "`sources.order_items` is read past"),
        ("random() < 2", "is random"),
        ("current_date > date '2017-01-01'", "changes from run to run"),
    ] {
        let body = feature("select seller_id, 1 as x from {{ source('sellers') }}");
        let text = body.replace("columns =", &format!("checks = [\n\"{check}\"], columns ="));
        place.write("features/checked.sql", text);
        let arguments = ["check", "--future", "--date", DATE, "--select", "features.checked"];
        place.olist(&arguments).code(1).says(&[says, "--> features/checked.sql:2:"]);
    }
}
