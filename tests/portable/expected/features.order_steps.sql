
with orders as (
    select
        *,
        cast(order_purchase_timestamp as date) as purchase_day,
        -- not before the purchase, whatever was noted
        case when order_delivered_carrier_date is not null then greatest(
            cast(order_delivered_carrier_date as date), purchase_day
        ) end as handover_day,
        cast(order_delivered_customer_date as date) as delivery_day,
        cast(order_estimated_delivery_date as date) as promised_day
    from (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '150' day as date))
    where order_status not in ('canceled', 'unavailable')
),

-- An order of sellers in two states comes from both.
origins as (
    select distinct
        items.order_id,
        sellers.seller_state
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '150' day as date)) as items
    inner join sellers_as_of as sellers
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
        false as is_of_120_days
    from orders

    union all

    select
        orders.order_id,
        'transit' as step,
        origins.seller_state,
        customers.customer_state,
        left(customers.customer_zip_code_prefix, 3) as customer_area,
        case
            when origins.seller_state = customers.customer_state then 'same state'
            when customers.customer_state in (
                'SP', 'RJ', 'MG', 'ES', 'PR', 'SC', 'RS', 'DF', 'GO', 'MS'
            ) then 'near'
            else 'far'
        end
            as reach,
        orders.handover_day as from_day,
        orders.delivery_day as end_day,
        orders.promised_day,
        purchase_day >= cast(date '2018-03-01' - interval '120' day as date)
            as is_of_120_days
    from orders
    inner join origins
        on origins.order_id = orders.order_id
    inner join customers_as_of as customers
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
        case when from_day is not null then greatest(0, datediff(cast(cast(date '2018-03-01' - interval '28' day as date) as date), cast(from_day as date))) end as first_day,
        -- Its last day before the reference date; earlier than first_day where
        -- the step ended before the 28 days
        case when from_day is not null then
            greatest(0, least(90, datediff(cast(coalesce(to_day, cast(date '2018-03-01' - interval '1' day as date)) as date), cast(from_day as date))))
        end as last_day
    from steps
)

select * from final
where is_of_120_days or first_day <= last_day
