{{ config(
    entity = 'step of an order',
    key = ['order_id', 'step', 'seller_state'],
    intermediate = true,
    description = '
        One row per order and step: hand-over, from the purchase to the carrier
        (seller_state is any), and transit, from the carrier to the customer,
        once for each state it comes from. Orders of the last 150 days that were
        in the step on one of the last 28, and all of the last 120 days in
        transit; canceled ones are left out.
    ',
    checks = [
        "step in ('hand-over', 'transit')",
        'to_day >= from_day',
    ],
) }}
with orders as (
    select
        *,
        {{ day_of('order_purchase_timestamp') }} as purchase_day,
        -- not before the purchase, whatever was noted
        case when order_delivered_carrier_date is not null then greatest(
            {{ day_of('order_delivered_carrier_date') }}, purchase_day
        ) end as handover_day,
        {{ day_of('order_delivered_customer_date') }} as delivery_day,
        {{ day_of('order_estimated_delivery_date') }} as promised_day,
    from {{ recent('orders', 150) }}
    where order_status not in ('canceled', 'unavailable')
),

-- An order of sellers in two states comes from both.
origins as (
    select distinct
        items.order_id,
        sellers.seller_state,
    from {{ recent('order_items', 150) }} as items
    inner join {{ source('sellers') }} as sellers
        on sellers.seller_id = items.seller_id
),

steps as (
    select
        order_id,
        'hand-over' as step,
        'any' as seller_state,
        null as customer_state,
        null as customer_area,
        'any' as reach,
        purchase_day as from_day,
        coalesce(handover_day, delivery_day) as end_day,
        promised_day,
        false as is_of_120_days,
    from orders

    union all

    select
        orders.order_id,
        'transit' as step,
        origins.seller_state,
        customers.customer_state,
        left(customers.customer_zip_code_prefix, 3) as customer_area,
        {{ reach('origins.seller_state', 'customers.customer_state') }}
            as reach,
        orders.handover_day as from_day,
        orders.delivery_day as end_day,
        orders.promised_day,
        purchase_day >= {{ days_before(reference_date, 120) }}
            as is_of_120_days,
    from orders
    inner join origins
        on origins.order_id = orders.order_id
    inner join {{ source('customers') }} as customers
        on customers.customer_id = orders.customer_id
),

final as (
    select
        order_id,
        step,
        seller_state,  -- State of the seller; any for hand-overs
        customer_state,  -- State of the customer; NULL for hand-overs
        customer_area,  -- First three digits of the zip code of the customer
        reach,  -- How far it goes: same state, near, far; any for hand-overs
        is_of_120_days,  -- In transit, and bought in the last 120 days
        from_day,  -- Day on which the step began; NULL when it has not
        end_day,  -- Day on which it was noted as done; NULL when it is not
        -- The same, not before from_day: what was noted before the step began
        -- is of the same day
        case when end_day < from_day then from_day else end_day end as to_day,
        promised_day,  -- Day for which the order is promised
        -- First day of the step, from 0, that lies in the last 28 days
        case when from_day is not null then greatest(0, {{ days_between(
            'from_day', days_before(reference_date, pace_days())
        ) }}) end as first_day,
        -- Its last day before the reference date; earlier than first_day where
        -- the step ended before the 28 days
        case when from_day is not null then
            {{ day_of_step('from_day', 'to_day') }}
        end as last_day,
    from steps
)

select * from final
where is_of_120_days or first_day <= last_day
