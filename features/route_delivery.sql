{{ config(
    entity = 'route',
    key = ['seller_state', 'customer_state'],
    description = '
        One row per route, from the state of a seller to that of a customer,
        with an order in the 120 days before the reference date: how fast it is
        in the last 28 days beside others of its reach, and how often late.
        Canceled orders are left out; a delivery noted before the hand-over is
        one of the same day.
    ',
    checks = [
        'transit_ratio > 0',
        'late_14d <= promised_14d and late_28d <= promised_28d',
        'promised_14d <= promised_28d',
    ],
) }}
with trips as (
    select
        *,
        {{ days_between(days_before(reference_date, pace_days()), 'to_day') }}
            >= 0 as is_delivered_now,
        promised_day < {{ reference_date }} as is_due,
        {{ is_late('end_day', 'promised_day') }} as is_late,
    from {{ ref('features.order_steps') }}
    where is_of_120_days
),

pace as (
    select * from {{ ref('features.step_life_table') }}
    where step = 'transit'
),

expected as (
    select
        trips.*,
        until_last.cumulative_hazard
            - coalesce(before_first.cumulative_hazard, 0) as hazard,
    from trips
    left join pace as until_last
        on until_last.reach = trips.reach
            and until_last.day = trips.last_day
            and trips.first_day <= trips.last_day
    left join pace as before_first
        on before_first.reach = trips.reach
            and before_first.day = trips.first_day - 1
),

final as (
    select
        seller_state,
        customer_state,
        -- Orders delivered in the last 28 days, with a hand-over before
        count(*) filter (where is_delivered_now and hazard is not null)
            as delivery_count,
        -- Deliveries in the last 28 days if the route were as fast as others
        -- of its reach
        coalesce({{ exact_sum('hazard') }}, 0) as expected_delivery_count,
        -- Deliveries / expected deliveries, counted as if both were 20 more:
        -- above 1 is faster than others
        {{ shrunk('delivery_count', 'expected_delivery_count', 1, 20) }}
            as transit_ratio,
        -- Mean days from hand-over to delivery, of orders delivered in the
        -- last 28 days; NULL without one
        avg({{ days_between('from_day', 'to_day') }}) filter (
            where is_delivered_now
        ) as avg_transit_days,
    {% for n in [14, pace_days() | int] %}
        -- Orders promised for a day of the last {{ n }}
        count(*) filter (
            where is_due
                and promised_day >= {{ days_before(reference_date, n) }}
        ) as promised_{{ n }}d,
        -- Those of them that came after that day or have not come
        count(*) filter (
            where is_due and is_late
                and promised_day >= {{ days_before(reference_date, n) }}
        ) as late_{{ n }}d,
    {% endfor %}
    from expected
    group by seller_state, customer_state
)

select * from final
