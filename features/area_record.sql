{{ config(
    entity = 'area',
    key = 'customer_area',
    description = 'One row per zip area of customers (the first three digits) with an order on its way there in the 28 days before the reference date: how fast deliveries are beside others on the same routes. An order from two states counts for each of them; canceled orders are left out.',
    columns = {
        'area_delivery_count': 'Orders delivered in the last 28 days',
        'expected_area_delivery_count': 'Deliveries in the last 28 days if the area were as fast as its routes',
        'area_ratio': 'Deliveries / expected deliveries, counted as if both were 10 more: above 1 is faster than others',
    },
    checks = [
        'area_ratio > 0',
    ],
) }}
with orders as (
    select * from {{ source('orders') }}
    where known_at >= {{ days_before(reference_date, 120) }}
        and order_status not in ('canceled', 'unavailable')
        and order_delivered_carrier_date is not null
),

items as (
    select * from {{ source('order_items') }}
    where known_at >= {{ days_before(reference_date, 120) }}
),

sellers as (
    select * from {{ source('sellers') }}
),

customers as (
    select * from {{ source('customers') }}
),

routes as (
    select * from {{ ref('features.route_record') }}
),

pace as (
    select * from {{ ref('features.network_pace') }}
    where step = 'transit'
),

origins as (
    select distinct
        items.order_id,
        sellers.seller_state,
    from items
    inner join sellers
        on sellers.seller_id = items.seller_id
),

spans as (
    select
        left(customers.customer_zip_code_prefix, 3) as customer_area,
        {{ reach('origins.seller_state', 'customers.customer_state') }}
            as reach,
        routes.transit_ratio,
        {{ day_of('orders.order_delivered_carrier_date') }} as from_day,
        {{ day_of('orders.order_delivered_customer_date') }} as delivery_day,
        case when delivery_day < from_day then from_day else delivery_day end
            as to_day,
        greatest(0, {{ days_between(
            'from_day', days_before(reference_date, 28)
        ) }}) as first_day,
        least(90, {{ days_between(
            'from_day',
            'coalesce(to_day, ' ~ days_before(reference_date, 1) ~ ')',
        ) }}) as last_day,
    from orders
    inner join origins
        on origins.order_id = orders.order_id
    inner join customers
        on customers.customer_id = orders.customer_id
    inner join routes
        on routes.seller_state = origins.seller_state
            and routes.customer_state = customers.customer_state
),

expected as (
    select
        spans.customer_area,
        spans.delivery_day is not null as is_delivered,
        spans.transit_ratio * (until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0)) as hazard,
    from spans
    inner join pace as until_last
        on until_last.reach = spans.reach
            and until_last.day = spans.last_day
    left join pace as before_first
        on before_first.reach = spans.reach
            and before_first.day = spans.first_day - 1
    -- those delivered before the 28 days say nothing of them
    where spans.first_day <= spans.last_day
),

final as (
    select
        customer_area,
        count(*) filter (where is_delivered) as area_delivery_count,
        {{ exact_sum('hazard') }} as expected_area_delivery_count,
        (area_delivery_count + 10) / (expected_area_delivery_count + 10)
            as area_ratio,
    from expected
    group by customer_area
)

select * from final
