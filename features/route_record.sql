{{ config(
    entity = 'route',
    key = ['seller_state', 'customer_state'],
    description = 'One row per route, from the state of a seller to that of a customer, with an order in the 120 days before the reference date: how fast it is in the last 28 days beside others of its reach, and how often late. Canceled orders are left out; a delivery noted before the hand-over is one of the same day.',
    columns = {
        'delivery_count': 'Orders delivered in the last 28 days, with a hand-over before',
        'expected_delivery_count': 'Deliveries in the last 28 days if the route were as fast as others of its reach',
        'transit_ratio': 'Deliveries / expected deliveries, counted as if both were 20 more: above 1 is faster than others',
        'avg_transit_days': 'Mean days from hand-over to delivery, of orders delivered in the last 28 days; NULL without one',
        'promised_*': 'Orders promised for a day of the last 14d, 28d',
        'late_*': 'Those of them that came after that day or have not come',
    },
    checks = [
        'transit_ratio > 0',
        'late_14d <= promised_14d and late_28d <= promised_28d',
        'promised_14d <= promised_28d',
    ],
) }}
with orders as (
    select * from {{ source('orders') }}
    where known_at >= {{ days_before(reference_date, 120) }}
        and order_status not in ('canceled', 'unavailable')
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

pace as (
    select * from {{ ref('features.network_pace') }}
    where step = 'transit'
),

-- An order of sellers in two states is on two routes.
routes as (
    select distinct
        items.order_id,
        sellers.seller_state,
    from items
    inner join sellers
        on sellers.seller_id = items.seller_id
),

trips as (
    select
        routes.seller_state,
        customers.customer_state,
        {{ reach('routes.seller_state', 'customers.customer_state') }}
            as reach,
        {{ day_of('orders.order_delivered_carrier_date') }} as from_day,
        {{ day_of('orders.order_delivered_customer_date') }} as delivery_day,
        {{ day_of('orders.order_estimated_delivery_date') }} as promised_day,
    from routes
    inner join orders
        on orders.order_id = routes.order_id
    inner join customers
        on customers.customer_id = orders.customer_id
),

spans as (
    select
        *,
        case when delivery_day < from_day then from_day else delivery_day end
            as to_day,
        {{ days_between(days_before(reference_date, 28), 'to_day') }} >= 0
            as is_delivered_now,
        greatest(0, {{ days_between(
            'from_day', days_before(reference_date, 28)
        ) }}) as first_day,
        least(90, {{ days_between(
            'from_day',
            'coalesce(to_day, ' ~ days_before(reference_date, 1) ~ ')',
        ) }}) as last_day,
    from trips
),

expected as (
    select
        spans.*,
        case when from_day is not null and first_day <= last_day then
            until_last.cumulative_hazard
                - coalesce(before_first.cumulative_hazard, 0)
        end as hazard,
    from spans
    left join pace as until_last
        on until_last.reach = spans.reach
            and until_last.day = spans.last_day
    left join pace as before_first
        on before_first.reach = spans.reach
            and before_first.day = spans.first_day - 1
),

final as (
    select
        seller_state,
        customer_state,
        count(*) filter (where is_delivered_now and hazard is not null)
            as delivery_count,
        coalesce({{ exact_sum('hazard') }}, 0) as expected_delivery_count,
        (delivery_count + 20) / (expected_delivery_count + 20)
            as transit_ratio,
        avg({{ days_between('from_day', 'to_day') }}) filter (
            where is_delivered_now
        ) as avg_transit_days,
    {% for n in [14, 28] %}
        count(*) filter (
            where promised_day >= {{ days_before(reference_date, n) }}
                and promised_day < {{ reference_date }}
        ) as promised_{{ n }}d,
        count(*) filter (
            where promised_day >= {{ days_before(reference_date, n) }}
                and promised_day < {{ reference_date }}
                and coalesce(delivery_day, {{ reference_date }}) > promised_day
        ) as late_{{ n }}d,
    {% endfor %}
    from expected
    group by seller_state, customer_state
)

select * from final
