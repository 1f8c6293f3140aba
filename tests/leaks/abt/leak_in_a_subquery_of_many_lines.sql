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
        order_count,
        (
            select count(*)
            from {{ outcome('orders') }} as o -- <<
            inner join {{ source('order_items') }} as i on i.order_id = o.order_id
            where i.seller_id = population.seller_id
                and o.order_delivered_customer_date > o.order_estimated_delivery_date
        ) as x,
    from population
    left join later using (seller_id)
)

select * from final
