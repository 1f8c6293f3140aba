//! Planted leaks, each beside look-alikes that see nothing of the future. `<<` marks the line that has to be named.

use super::support::Place;

const DATE: &str = "2018-03-01";

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
];

/// Bodies of feature stores that look like the leaks, and are none.
const CLEAN: &[(&str, &str)] = &[
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
];

const MACROS: &str = "{% macro planted_table() -%}
sources.order_items
{%- endmacro %}
{% macro planted_clock() -%}
current_date
{%- endmacro %}
{% macro planted_source() -%}
{{ source('order_items') }}
{%- endmacro %}
{% macro planted_outcome() -%}
(select seller_id, count(*) as later from {{ outcome('order_items') }} group by seller_id)
{%- endmacro %}
";

fn feature(body: &str) -> String {
    format!(
        "{{{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {{'*': 'Planted'}}) }}}}\n{body}\n"
    )
}

/// A project of planted files alone, over a small sample.
fn empty_project() -> Place {
    let place = Place::with_project();
    for folder in ["models", "abt", "features"] {
        std::fs::remove_dir_all(place.path(folder)).unwrap();
    }
    place.write("queries/macros/planted.sql", MACROS);
    place.write("features/clean_sales.sql", feature(CLEAN[0].1));
    place.olist(&["ingest", "--sample", "--orders", "6000"]).code(0);
    place
}

/// Number of the line with the mark, in the file as written.
fn marked(text: &str) -> Option<usize> {
    text.lines().position(|line| line.contains("<<")).map(|at| at + 1)
}

/// Files that were not found at their line, and clean ones that were accused.
#[track_caller]
fn all_are_told_apart(place: &Place, folder: &str, leaks: &[(String, String)], clean: &[(String, String)]) {
    for (name, text) in leaks.iter().chain(clean) {
        place.write(&format!("{folder}/{name}.sql"), text);
    }
    let ran = place.olist(&["check", "--future", "--date", DATE]).code(1);
    let mut wrong = Vec::new();
    for (name, text) in leaks {
        let file = format!("{folder}/{name}.sql");
        let place = format!("{file}:{}:", marked(text).unwrap());
        if !ran.stderr.contains(&format!("--> {place}")) {
            wrong.push(format!("not found: {place}"));
        }
    }
    for (name, _) in clean {
        if ran.stderr.contains(&format!("--> {folder}/{name}.sql:")) {
            wrong.push(format!("accused: {folder}/{name}.sql"));
        }
    }
    let errors: Vec<&str> = ran
        .stderr
        .split("error: ")
        .filter(|part| {
            wrong.iter().any(|w| part.contains(w.rsplit(' ').next().unwrap().split(':').next().unwrap()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n\n{}", wrong.join("\n"), errors.join("\n"));
}

#[test]
fn leaks_in_feature_stores_are_found_and_look_alikes_are_not() {
    let place = empty_project();
    let named = |prefix: &str, bodies: &[(&str, &str)]| -> Vec<(String, String)> {
        bodies.iter().map(|(name, body)| (format!("{prefix}_{name}"), feature(body))).collect()
    };
    all_are_told_apart(&place, "features", &named("leak", LEAKS), &named("clean", &CLEAN[1..]));
}

/// An ABT over the clean store, whose label is whether the seller sells in the next 30 days.
fn abt(columns: &str, from: &str) -> String {
    format!(
        "{{{{ config(entity = 'seller', key = 'seller_id', label = 'sells', description = 'Planted.', columns = {{'*': 'Planted'}}) }}}}
with population as (
    select * from {{{{ ref('features.clean_sales') }}}}
),

later as (
    select seller_id, min(known_at) as next_at, count(*) as orders, avg(price) as price
    from {{{{ outcome('order_items') }}}}
    where known_at >= {{{{ reference_date }}}}
    group by seller_id
),

final as (
    select
        population.seller_id,
        coalesce(next_at < {{{{ days_after(reference_date, 30) }}}}, false)::int as sells,
        {{{{ days_after(reference_date, 30) }}}} as label_known_on,
        {columns}
    {from}
)

select * from final
"
    )
}

const FROM: &str = "from population\n    left join later using (seller_id)";

/// Columns, and what they are taken from.
const ABT_LEAKS: &[(&str, &str, &str)] = &[
    ("next_day", "next_at as x, -- <<", FROM),
    ("how_many", "later.orders as x, -- <<", FROM),
    ("price_of_later", "coalesce(later.price, 0) as x, -- <<", FROM),
    ("label_again", "coalesce(next_at < {{ days_after(reference_date, 30) }}, false) as x, -- <<", FROM),
    ("is_there", "later.seller_id is not null as x, -- <<", FROM),
    (
        "rank_of_later",
        "rank() over (order by later.orders desc nulls last, population.seller_id) as x, -- <<",
        FROM,
    ),
    ("mean_of_all", "avg(later.orders) over () as x, -- <<", FROM),
    ("mixed", "population.order_count + coalesce(later.orders, 0) as x, -- <<", FROM),
    (
        "hidden_in_a_case",
        "case when population.order_count > 3 then 1 when later.orders > 2 then 2 else 0 end as x, -- <<",
        FROM,
    ),
    (
        "only_those_that_sell",
        "order_count as x,",
        "from population -- <<\n    inner join later using (seller_id)",
    ),
    (
        "filtered",
        "order_count as x,",
        "from population -- <<\n    left join later using (seller_id)\n    where next_at is null or order_count > 2",
    ),
    (
        "limited",
        "order_count as x,",
        "from population -- <<\n    left join later using (seller_id)\n    qualify row_number() over (order by later.orders desc nulls last, seller_id) <= 20",
    ),
    (
        "by_a_macro",
        "m.later as x, -- <<",
        "from population\n    left join later using (seller_id)\n    left join {{ planted_outcome() }} as m using (seller_id)",
    ),
    (
        "inclusive_window",
        "(select count(*) from {{ outcome('order_items') }} as i -- <<\n            where i.seller_id = population.seller_id and i.known_at <= {{ days_after(reference_date, 1) }}) as x,",
        FROM,
    ),
    (
        "final_status",
        "(select count(*) from {{ outcome('order_items') }} as i inner join {{ outcome('orders') }} as o using (order_id) -- <<\n            where i.seller_id = population.seller_id and i.known_at < {{ reference_date }} and o.order_status = 'delivered') as x,",
        FROM,
    ),
    (
        "future_cells",
        "(select avg(date_diff('day', o.order_purchase_timestamp, o.order_delivered_customer_date)) -- <<\n            from {{ outcome('order_items') }} as i inner join {{ outcome('orders') }} as o using (order_id)\n            where i.seller_id = population.seller_id and i.known_at < {{ reference_date }}) as x,",
        FROM,
    ),
    (
        "wrong_column",
        "(select count(*) from {{ outcome('order_items') }} as i inner join {{ outcome('orders') }} as o using (order_id) -- <<\n            where i.seller_id = population.seller_id and o.order_purchase_timestamp < {{ days_after(reference_date, 10) }}) as x,",
        FROM,
    ),
    (
        "reviews_of_later",
        "(select avg(r.review_score) from {{ source('order_items') }} as i inner join {{ outcome('order_reviews') }} as r using (order_id) -- <<\n            where i.seller_id = population.seller_id) as x,",
        FROM,
    ),
    ("known_sellers", "(select count(*) from {{ outcome('sellers') }}) as x, -- <<", FROM),
];

const ABT_CLEAN: &[(&str, &str, &str)] = &[
    ("count", "order_count as x,", FROM),
    ("horizon", "date_diff('day', {{ reference_date }}, {{ days_after(reference_date, 30) }}) as x,", FROM),
    ("rank", "rank() over (order by order_count desc, seller_id) as x,", FROM),
    ("mean", "avg(order_count) over () as x,", FROM),
    (
        "past_of_outcome",
        "(select count(*) from {{ outcome('order_items') }} as i where i.seller_id = population.seller_id and i.known_at < {{ reference_date }}) as x,",
        FROM,
    ),
    (
        "status",
        "(select count(*) from {{ source('order_items') }} as i inner join {{ source('orders') }} as o using (order_id) where i.seller_id = population.seller_id and o.order_status = 'delivered') as x,",
        FROM,
    ),
    (
        "filtered",
        "order_count as x,",
        "from population\n    left join later using (seller_id)\n    where order_count > 2",
    ),
    (
        "qualified",
        "order_count as x,",
        "from population\n    left join later using (seller_id)\n    qualify row_number() over (order by order_count desc, seller_id) <= 20",
    ),
];

#[test]
fn leaks_in_abts_are_found_and_look_alikes_are_not() {
    let place = empty_project();
    let named = |prefix: &str, parts: &[(&str, &str, &str)]| -> Vec<(String, String)> {
        parts.iter().map(|(name, columns, from)| (format!("{prefix}_{name}"), abt(columns, from))).collect()
    };
    all_are_told_apart(&place, "abt", &named("leak", ABT_LEAKS), &named("clean", ABT_CLEAN));
}

fn model(columns: &str, rule: &str, end: &str) -> String {
    format!(
        "{{{{ config(
    task = 'binary', key = 'seller_id', label = 'sells', metric = 'roc_auc', description = 'Planted.',
    snapshots = {{'from': '2017-06-01', 'every': 'month'}}, validate = 2, retrain_days = 28,
    candidates = {{'rule': {{'algorithm': 'sql', 'expression': '{rule}'}}}},
) }}}}
select seller_id, sells, label_known_on, order_count, x,
    {columns}
from {{{{ ref('abt.sells') }}}}
{end}
"
    )
}

#[test]
fn models_and_rules_that_see_the_label_are_found_and_look_alikes_are_not() {
    let place = empty_project();
    place.write("abt/sells.sql", abt("order_count, order_count + 1 as x,", FROM));
    let models = |parts: &[(&str, &str, &str, &str)]| -> Vec<(String, String)> {
        parts
            .iter()
            .map(|(name, columns, rule, end)| ((*name).to_owned(), model(columns, rule, end)))
            .collect()
    };
    let fair = "1 / (1 + order_count)";
    let leaks = models(&[
        ("label_in_a_case", "case when sells = 1 then 1 else 0 end as y, -- <<", fair, ""),
        ("label_filled", "coalesce(sells, 0) as y, -- <<", fair, ""),
        ("known_on", "date_diff('day', {{ reference_date }}, label_known_on) as y, -- <<", fair, ""),
        ("mean_label", "avg(sells) over () as y, -- <<", fair, ""),
        ("only_labelled", "1 as y, -- <<", fair, "where sells is not null"),
        ("clock", "date_diff('day', {{ reference_date }}, current_date) as y, -- <<", fair, ""),
        ("past_ref", "(select count(*) from sources.orders) as y, -- <<", fair, ""),
    ]);
    let clean = models(&[
        ("plain", "ln(1 + order_count) as y,", fair, ""),
        ("window", "order_count / avg(order_count) over () as y,", fair, ""),
        ("where", "1 as y,", fair, "where order_count > 1"),
    ]);
    // The rows of a model that drops unlabelled ones are told where it selects from.
    let leaks: Vec<(String, String)> = leaks
        .into_iter()
        .map(|(name, text)| match name.as_str() {
            "only_labelled" => {
                let text =
                    text.replace(" -- <<\n", "\n").replace("abt.sells') }}\n", "abt.sells') }} -- <<\n");
                (name, text)
            }
            _ => (name, text),
        })
        .collect();
    all_are_told_apart(&place, "models", &leaks, &clean);

    for (rule, what) in
        [("sells", "`rule rule` of"), ("random()", "is random"), ("coalesce(sells, 0.5)", "`rule rule` of")]
    {
        place.write("models/label_in_a_case.sql", model("1 as y,", rule, ""));
        let arguments = ["check", "--future", "--date", DATE, "--select", "scores.label_in_a_case"];
        place.olist(&arguments).code(1).says(&[what, "--> models/label_in_a_case.sql:4:"]);
    }
}

/// What a source says of "known at", against what stands in it.
#[test]
fn sources_that_say_the_wrong_thing_are_found() {
    let edits = [
        // The moment of another step.
        (
            "queries/sources/orders.sql",
            "'known_at': 'order_delivered_customer_date',",
            "'known_at': 'order_purchase_timestamp',",
            "column `order_delivered_customer_date` shows",
        ),
        // A moment that comes later, called a plan.
        (
            "queries/sources/orders.sql",
            "'known_at': 'order_delivered_customer_date',",
            "'static': true,",
            "column `order_delivered_customer_date` is called static",
        ),
        // A state that shows before its moment can have come.
        (
            "queries/sources/orders.sql",
            "when order_status in ('canceled', 'unavailable')
                        and order_estimated_delivery_date < reference_date",
            "when order_status in ('canceled', 'unavailable')",
            "column `order_status` in rows of a week, by its 'as_of', tells ",
        ),
        // Only those that ever sold, were sold or bought are in the file.
        (
            "queries/sources/products.sql",
            "known_at = 'first_order_at'",
            "static = true",
            "rows are visible before `order_items` first names their `product_id`",
        ),
        // Parts of what is not known yet.
        (
            "queries/sources/order_payments.sql",
            "known_at = 'order_purchase_timestamp'",
            "static = true",
            "rows are visible before the row of `orders` with their `order_id` is",
        ),
        // Only what was answered is in the file.
        (
            "queries/sources/order_reviews.sql",
            "known_at = 'review_answer_timestamp',\n    columns",
            "known_at = 'review_creation_date',\n    columns",
            "rows are visible before their `review_answer_timestamp`, and no row of the load is without one",
        ),
    ];
    for (file, from, to, says) in edits {
        let place = empty_project();
        place.edit(file, from, to);
        place.olist(&["check", "--future", "--date", DATE]).says(&[&format!(
            "{file} was edited after it was loaded: `olist ingest` puts the edit into effect"
        )]);
        place.olist(&["ingest", "--sample", "--orders", "20000"]).code(0);
        place.olist(&["check", "--future", "--date", DATE]).code(1).says(&[says, &format!("--> {file}:")]);
    }
    // The final status.
    let place = empty_project();
    let text = place.read("queries/sources/orders.sql");
    let start = text.find("'as_of': \"").unwrap();
    let end = start + text[start..].find("end\",").unwrap() + "end\",".len();
    place.write("queries/sources/orders.sql", format!("{}{}", &text[..start], &text[end..]));
    place.olist(&["ingest", "--sample", "--orders", "20000"]).code(0);
    place
        .olist(&["check", "--future", "--date", DATE])
        .code(1)
        .says(&["column `order_status` is called known with its row, but tells"]);
}

/// A value that changed between two loads, though both say that it was known before the first one's end.
#[test]
fn what_was_rewritten_in_place_between_two_loads_is_found() {
    let place = empty_project();
    std::fs::copy(place.path("olist.duckdb"), place.path("older.duckdb")).unwrap();
    let arguments = ["check", "--future", "--date", DATE, "--against", "older.duckdb"];
    place.olist(&arguments).code(0);
    let conn = duckdb::Connection::open(place.path("olist.duckdb")).unwrap();
    conn.execute_batch(
        "update sources.order_items set price = price + 1 where order_id in (select order_id from sources.orders limit 5);
         delete from sources.order_reviews where review_id = (select min(review_id) from sources.order_reviews)",
    )
    .unwrap();
    conn.close().unwrap();
    place.olist(&arguments).code(1).says(&[
        "column `price` differs in",
        "--> queries/sources/order_items.sql:",
        "1 rows known before the older load's end are gone from today's",
        "--> queries/sources/order_reviews.sql:",
    ]);
    place
        .olist(&["check", "--against", "nowhere.duckdb"])
        .code(2)
        .says(&["there is no database `nowhere.duckdb`"]);
}

/// The project as it comes: no leak, at any date; and what `check` tells beside the proof.
#[test]
fn the_project_sees_no_future() {
    let place = Place::with_project();
    place.olist(&["ingest", "--sample", "--orders", "12000"]).code(0);
    let ran = place.olist(&["check", "--format", "csv"]).code(0).says(&["no future was seen"]);
    let rows: Vec<&str> = ran.stdout.lines().skip(1).collect();
    assert!(rows.len() == 3 * 22 && rows.iter().all(|row| row.ends_with(",no future")), "{}", ran.stdout);
    // Nothing is written.
    assert_eq!(place.cell("select count(*) from pipeline.partitions"), "0");
    place.olist(&["check", "--date", "2020-01-01"]).code(1).says(&["reference date 2020-01-01 is too late"]);
    // Checks of rows, and descriptions, are looked at too, at the file's line.
    place.edit("features/seller_sales.sql", "checks = [", "checks = [\n        'order_count > 5',");
    let ran = place.olist(&["check", "--date", DATE, "--select", "features.seller_sales"]).code(1);
    ran.says(&["check failed for", "order_count > 5", "--> features/seller_sales.sql:"]);
    place.olist(&["check", "--future", "--date", DATE, "--select", "features.seller_sales"]).code(0);
}

#[test]
fn a_proof_with_nothing_to_hide_says_so() {
    let place = empty_project();
    let last =
        place.cell("select (value::date + 1)::varchar from pipeline.settings where name = 'data_until'");
    place
        .olist(&["check", "--future", "--date", &last])
        .code(0)
        .says(&["a proof at that date proves nothing", "take an earlier --date"]);
}

/// Files that cannot be read are told one and all, and do not keep the others from being proven.
#[test]
fn broken_files_are_told_beside_the_proof() {
    let place = empty_project();
    place.write(
        "features/broken_call.sql",
        feature("select seller_id, {{ now() }} as x from {{ source('sellers') }}"),
    );
    place.write(
        "features/broken_label.sql",
        feature("select seller_id, 1 as x\nfrom {{ outcome('sellers') }}"),
    );
    place.write(
        "features/needs_broken.sql",
        feature("select seller_id, x from {{ ref('features.broken_call') }}"),
    );
    let both = ["--> features/broken_call.sql:2:", "--> features/broken_label.sql:3:"];
    let ran =
        place.olist(&["check", "--future", "--date", DATE]).code(2).says(&both).says(&["2 mistakes found"]);
    assert!(ran.stdout.contains("features.clean_sales"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("needs_broken"), "{}", ran.stderr);
    place.olist(&["run", "--date", DATE]).code(2).says(&both);
    place.olist(&["check", "--date", DATE, "--select", "needs_broken"]).code(2).says(&both);
    place.write(
        "features/broken_call.sql",
        feature("select seller_id,\n    random() as x from {{ source('sellers') }}"),
    );
    place
        .olist(&["check", "--future", "--date", DATE])
        .code(1)
        .says(&["--> features/broken_call.sql:3:", both[1]]);
}

/// A label that says to be known before it is: as of that date, nobody could have trained on it.
#[test]
fn a_label_that_is_called_known_too_early_is_found() {
    let place = empty_project();
    let fair = abt("order_count as x,", FROM);
    let early = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "{{ days_after(reference_date, 10) }} as label_known_on, -- <<",
    );
    let at_once = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "{{ reference_date }} as label_known_on, -- <<",
    );
    let late = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "{{ days_after(reference_date, 60) }} as label_known_on,",
    );
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    all_are_told_apart(
        &place,
        "abt",
        &[named("early", &early), named("at_once", &at_once)],
        &[named("fair", &fair), named("late", &late)],
    );
}

/// A column that is not decided by the data is told as that, not as a leak.
#[test]
fn what_depends_on_the_order_of_rows_is_told_apart() {
    let place = empty_project();
    place.write(
        "abt/unsteady.sql",
        abt("(select list(price)::varchar from {{ outcome('order_items') }} as i where i.seller_id = population.seller_id) as x, -- <<", FROM),
    );
    place
        .olist(&["check", "--future", "--date", DATE])
        .code(1)
        .says(&["`x` of `abt.unsteady` is not the same when it is built again", "an order without ties"]);
}
