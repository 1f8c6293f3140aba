{{ config(
    entity = 'seller and order',
    key = ['seller_id', 'order_id'],
    intermediate = true,
    description = '
        One row per seller and order bought in the 6 months before the reference
        date: the part of the seller in it. What the six seller stores stand on.
    ',
    checks = [
        'item_count > 0',
        {'expression': 'min_item_price >= 0', 'severity': 'drop'},
        {'expression': 'freight >= 0', 'severity': 'drop'},
    ],
) }}
with items as (
    select * from {{ last_six_months('order_items') }}
),

final as (
    select
        seller_id,
        order_id,
        {{ day_of('min(known_at)') }} as order_day,  -- Day of the purchase
        count(*) as item_count,  -- Items of the seller
        cast(sum(price) as decimal(18, 2)) as price,  -- Without freight
        cast(sum(freight_value) as decimal(18, 2)) as freight,  -- Freight
        min(price) as min_item_price,  -- Lowest price of an item
        max(price) as max_item_price,  -- Highest price of an item
    from items
    group by seller_id, order_id
)

select * from final
