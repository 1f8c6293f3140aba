{{ config(entity = 'seller', key = 'seller_id', label = 'sells', description = 'Planted.') }}
with population as (
    select * from {{ ref('features.clean_sales') }}
),

later as (
    select seller_id, min(known_at) as next_at, count(*) as orders, avg(price) as price
    from {{ outcome('order_items') }}
    where known_at >= {{ reference_date }}
    group by seller_id
),

final as (
    select
        population.seller_id,
        coalesce(next_at < {{ days_after(reference_date, 30) }}, false)::int as sells,
        {{ days_after(reference_date, 30) }} as label_known_on,
        order_count as x,
    from population
    left join later using (seller_id)
    qualify row_number() over (order by later.orders desc nulls last, seller_id) <= 20 -- <<
)

select * from final
