
with orders as (
    select order_id from (select * from features_order_progress where reference_date = date '2018-03-01')
),

payments as (
    select
        order_id,
        bool_or(payment_type = 'boleto') as has_boleto,
        max(payment_installments) as max_installments
    from (select * from order_payments_as_of
        where known_at >= cast(date '2018-03-01' - interval '60' day as date))
    group by order_id
),

contents as (
    select
        order_id,
        -- Items; NULL for an order without items, as all of the contents
        case when typeof(sum(item_count)) in ('double', 'float') then cast(rint(cast(sum(item_count) as double)) as bigint) when typeof(sum(item_count)) like 'decimal%' then cast(cast(sum(item_count) as decimal(38, 0)) as bigint) else cast(sum(item_count) as bigint) end as item_count,
        count(*) as seller_count,  -- Sellers
        -- Price of the items, without freight
        cast(sum(price) as double) as price_brl,
        cast(sum(freight) as double) as freight_brl,  -- Freight of the items
        -- Weight of the items, as far as it is known; NULL when none is
        case when typeof(sum(weight_g)) in ('double', 'float') then cast(rint(cast(sum(weight_g) as double)) as bigint) when typeof(sum(weight_g)) like 'decimal%' then cast(cast(sum(weight_g) as decimal(38, 0)) as bigint) else cast(sum(weight_g) as bigint) end as weight_g,
        -- Volume of the items, as far as it is known; NULL when none is
        case when typeof(sum(volume_cm3)) in ('double', 'float') then cast(rint(cast(sum(volume_cm3) as double)) as bigint) when typeof(sum(volume_cm3)) like 'decimal%' then cast(cast(sum(volume_cm3) as decimal(38, 0)) as bigint) else cast(sum(volume_cm3) as bigint) end as volume_cm3,
        -- The seller with the largest part of the price
        get(array_sort(collect_list(struct(seller_id as x, seller_id as k1, price as k0)), (l, r) -> case when l.k0 <=> r.k0 then case when l.k1 <=> r.k1 then 0 when l.k1 is null then 1 when r.k1 is null then -1 when l.k1 < r.k1 then -1 else 1 end when l.k0 is null then 1 when r.k0 is null then -1 when l.k0 > r.k0 then -1 else 1 end), 0).x as seller_id,
        -- State of that seller
        get(array_sort(collect_list(struct(seller_state as x, seller_id as k1, price as k0)), (l, r) -> case when l.k0 <=> r.k0 then case when l.k1 <=> r.k1 then 0 when l.k1 is null then 1 when r.k1 is null then -1 when l.k1 < r.k1 then -1 else 1 end when l.k0 is null then 1 when r.k0 is null then -1 when l.k0 > r.k0 then -1 else 1 end), 0).x as seller_state,
        -- Whether all items come from the state of the customer; NULL without
        -- items
        bool_and(seller_state = customer_state) as is_same_state,
        -- Great-circle distance between the zip areas of the customer and of
        -- the farthest seller; NULL for a zip without coordinates
        max(distance_km) as distance_km
    from (select * from features_order_parts where reference_date = date '2018-03-01')
    group by order_id
),

final as (
    select
        orders.order_id,
        contents.* except (order_id),
        -- Whether a part is paid by boleto; NULL without payment
        payments.has_boleto,
        -- Most installments of a payment; NULL without payment
        payments.max_installments
    from orders
    left join contents
        on contents.order_id = orders.order_id
    left join payments
        on payments.order_id = orders.order_id
)

select * from final
