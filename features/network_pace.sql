{% set window_days = 28 %}
{% set last_day = 90 %}
{{ config(
    entity = 'step, reach and day',
    key = ['step', 'reach', 'day'],
    description = 'One row per step of an order (hand-over: from purchase to the carrier; transit: from the carrier to the customer), reach of the trip (same state, near, far; any for hand-overs) and day in the step, from 0: how fast the whole network does it now. A period life table: of the orders that were in the step on one of the last 28 calendar days, which ended it on that day; orders that are still in it count, canceled ones do not.',
    columns = {
        'at_risk_count': 'Orders that began such a day of the step in the 28 days',
        'end_count': 'Those of them that ended the step on that day',
        'daily_hazard': 'end_count / at_risk_count, counted as if 20 orders more had ended at 5 % a day',
        'cumulative_hazard': 'Sum of -ln(1 - daily_hazard) up to this day: exp(-difference) is the chance to stay in the step from one day to another',
    },
    checks = [
        'end_count <= at_risk_count',
        'daily_hazard > 0 and daily_hazard < 1',
        "reach in ('any', 'same state', 'near', 'far')",
    ],
) }}
with orders as (
    select * from {{ source('orders') }}
    where known_at >= {{ days_before(reference_date, 150) }}
        and order_status not in ('canceled', 'unavailable')
),

items as (
    select * from {{ source('order_items') }}
    where known_at >= {{ days_before(reference_date, 150) }}
),

sellers as (
    select * from {{ source('sellers') }}
),

customers as (
    select * from {{ source('customers') }}
),

-- An order from several states goes as far as its farthest part.
origins as (
    select
        items.order_id,
        min(sellers.seller_state) as seller_state,
        count(distinct sellers.seller_state) as state_count,
    from items
    inner join sellers
        on sellers.seller_id = items.seller_id
    group by items.order_id
),

steps as (
    select
        'hand-over' as step,
        'any' as reach,
        {{ day_of('order_purchase_timestamp') }} as from_day,
        {{ day_of('coalesce(
            order_delivered_carrier_date, order_delivered_customer_date
        )') }} as to_day,
    from orders

    union all

    select
        'transit' as step,
        {{ reach(
            'case when state_count = 1 then seller_state end', 'customer_state'
        ) }} as reach,
        {{ day_of('order_delivered_carrier_date') }} as from_day,
        {{ day_of('order_delivered_customer_date') }} as to_day,
    from orders
    inner join origins
        on origins.order_id = orders.order_id
    inner join customers
        on customers.customer_id = orders.customer_id
    where order_delivered_carrier_date is not null
),

-- A delivery that was noted before the hand-over is one of the same day.
ended as (
    select
        step,
        reach,
        from_day,
        case when to_day < from_day then from_day else to_day end as to_day,
    from steps
),

-- Days of each order in its step that lie in the window.
spans as (
    select
        step,
        reach,
        greatest(0, {{ days_between(
            'from_day', days_before(reference_date, window_days)
        ) }}) as first_day,
        least({{ last_day }}, {{ days_between(
            'from_day',
            'coalesce(to_day, ' ~ days_before(reference_date, 1) ~ ')',
        ) }}) as last_day,
        {{ days_between('from_day', 'to_day') }} as end_day,
    from ended
),

order_days as (
    select
        step,
        reach,
        end_day,
        unnest(range(first_day, last_day + 1)) as day,
    from spans
    where first_day <= last_day
),

counts as (
    select
        step,
        reach,
        day,
        count(*) as at_risk_count,
        count(*) filter (where end_day = day) as end_count,
    from order_days
    group by step, reach, day
),

every_day as (
    select
        steps.*,
        days.day,
    from (values
        ('hand-over', 'any'),
        ('transit', 'same state'),
        ('transit', 'near'),
        ('transit', 'far')
    ) as steps (step, reach)
    cross join (select unnest(range(0, {{ last_day }} + 1)) as day) as days
),

hazards as (
    select
        every_day.step,
        every_day.reach,
        every_day.day,
        coalesce(counts.at_risk_count, 0) as at_risk_count,
        coalesce(counts.end_count, 0) as end_count,
        (coalesce(counts.end_count, 0) + 1)
            / (coalesce(counts.at_risk_count, 0) + 20) as daily_hazard,
    from every_day
    left join counts
        on counts.step = every_day.step
            and counts.reach = every_day.reach
            and counts.day = every_day.day
),

final as (
    select
        *,
        cast(sum(cast(-ln(1 - daily_hazard) as decimal(18, 12))) over (
            partition by step, reach order by day
            rows between unbounded preceding and current row
        ) as double) as cumulative_hazard,
    from hazards
)

select * from final
