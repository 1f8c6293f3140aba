
with orders as (
    select * from (select * from features_order_progress where reference_date = date '2018-03-01')
),

trips as (
    select * from (select * from features_order_steps where reference_date = date '2018-03-01')
    where step = 'transit'
        and from_day >= cast(date '2018-03-01' - interval '60' day as date)
),

purchases as (
    select
        items.order_id,
        items.seller_id,
        cast(max(purchases.order_purchase_timestamp) as date) as from_day,
        max(purchases.order_delivered_carrier_date) as end_day
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date)) as items
    inner join (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date)) as purchases
        on purchases.order_id = items.order_id
    where purchases.order_status not in ('canceled', 'unavailable')
    group by items.order_id, items.seller_id
),

later_trips as (
    select
        seller_state, customer_state,
        from_day,
        sum(count(*)) over later as later_count,
        sum(count(end_day)) over later as ahead_count
    from trips
    group by seller_state, customer_state, from_day
    window later as (
        partition by seller_state, customer_state order by from_day desc nulls last
        rows between unbounded preceding and 1 preceding
    )
),

overtaken_trips as (
    select
        trips.order_id,
        coalesce(max(later.later_count), 0) as later_count,
        coalesce(max(later.ahead_count), 0) as ahead_count
    from trips
    semi join orders
        on orders.order_id = trips.order_id
    inner join later_trips as later
        on later.from_day = trips.from_day
            and later.seller_state = trips.seller_state
            and later.customer_state = trips.customer_state
    group by trips.order_id
),

later_purchases as (
    select
        seller_id,
        from_day,
        sum(count(*)) over later as later_count,
        sum(count(end_day)) over later as ahead_count
    from purchases
    group by seller_id, from_day
    window later as (
        partition by seller_id order by from_day desc nulls last
        rows between unbounded preceding and 1 preceding
    )
),

overtaken_purchases as (
    select
        purchases.order_id,
        coalesce(max(later.later_count), 0) as later_count,
        coalesce(max(later.ahead_count), 0) as ahead_count
    from purchases
    semi join orders
        on orders.order_id = purchases.order_id
    inner join later_purchases as later
        on later.from_day = purchases.from_day
            and later.seller_id = purchases.seller_id
    group by purchases.order_id
),

final as (
    select
        orders.order_id,
        -- Orders handed over on a later day that have come / all of them on its
        -- route, counted as if 5 more were there and 0.3 of them had come; NULL
        -- while the seller has it
        case when orders.is_handed_over then ((trips.ahead_count + 5 * 0.3) / 1D / (trips.later_count + 5)) end as route_overtaken_share,
        -- Orders of its seller bought on a later day that are handed over; NULL
        -- when it is handed over itself
        case when not orders.is_handed_over then purchases.ahead_count end
            as seller_overtaken_count,
        -- Those / all bought on a later day, counted as if 1 more were there
        -- and 0.3 of it were handed over
        case when not orders.is_handed_over then ((purchases.ahead_count + 1 * 0.3) / 1D / (purchases.later_count + 1)) end as seller_overtaken_share
    from orders
    left join overtaken_trips as trips
        on trips.order_id = orders.order_id
    left join overtaken_purchases as purchases
        on purchases.order_id = orders.order_id
)

select * from final
