//! ABTs and their labels.

use super::{DATE, all_are_told_apart, empty_project};

/// An ABT over the clean store, whose label is whether the seller sells in the next 30 days.
pub fn abt(columns: &str, from: &str) -> String {
    format!(
        "{{{{ config(entity = 'seller', key = 'seller_id', label = 'sells', description = 'Planted.') }}}}
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

pub const FROM: &str = "from population\n    left join later using (seller_id)";

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
    ("infinite", "order_count / coalesce(later.orders, 0) as x, -- <<", FROM),
    ("not_a_number", "case when later.orders is null then 'nan'::double else 1 end as x, -- <<", FROM),
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
    let by_outcome = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "case when next_at is null then {{ reference_date }} else {{ days_after(reference_date, 30) }} end as label_known_on, -- <<",
    );
    let for_most = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "{{ days_after(reference_date, 30) }} - 29 * (order_count > 1)::int as label_known_on, -- <<",
    );
    let late = fair.replace(
        "{{ days_after(reference_date, 30) }} as label_known_on,",
        "{{ days_after(reference_date, 60) }} as label_known_on,",
    );
    let named = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    all_are_told_apart(
        &place,
        "abt",
        &[
            named("early", &early),
            named("at_once", &at_once),
            named("by_outcome", &by_outcome),
            named("for_most", &for_most),
        ],
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

/// An ABT may be made of another one: of what is no label in it.
#[test]
fn an_abt_of_an_abt_is_proven() {
    let place = empty_project();
    place.write("abt/sells.sql", abt("order_count as x,", FROM));
    let from = "from population\n    left join later using (seller_id)\n    left join {{ ref('abt.sells') }} as sells using (seller_id)";
    place.write("abt/again.sql", abt("sells.x as x,", from));
    place.olist(&["check", "--future", "--date", DATE]).code(0);
    place.write("abt/again.sql", abt("sells.sells as x,\n-- <<", from));
    let ran = place.olist(&["check", "--future", "--date", DATE]);
    ran.code(1).says(&["`x` of `abt.again` has seen the future"]);
}
