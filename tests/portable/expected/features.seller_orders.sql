
with items as (
    select * from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
),

final as (
    select
        seller_id,
        order_id,
        cast(min(known_at) as date) as order_day,  -- Day of the purchase
        count(*) as item_count,  -- Items of the seller
        case when typeof(sum(price)) in ('double', 'float') then cast(cast(round((sum(price)) * 1e2D) as bigint) * 1e-2BD as decimal(18, 2)) else cast(sum(price) as decimal(18, 2)) end as price,  -- Without freight
        case when typeof(sum(freight_value)) in ('double', 'float') then cast(cast(round((sum(freight_value)) * 1e2D) as bigint) * 1e-2BD as decimal(18, 2)) else cast(sum(freight_value) as decimal(18, 2)) end as freight,  -- Freight
        min(price) as min_item_price,  -- Lowest price of an item
        max(price) as max_item_price  -- Highest price of an item
    from items
    group by seller_id, order_id
)

select * from final
