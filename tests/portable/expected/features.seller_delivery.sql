
with deliveries as (
    select
        sold.seller_id,
        cast(sold.freight as double) as freight,
        orders.order_status = 'canceled' as is_canceled,
        orders.order_status in ('canceled', 'unavailable') as is_off,
        cast(orders.order_purchase_timestamp as date) as purchase_day,
        cast(orders.order_approved_at as date) as approval_day,
        cast(orders.order_delivered_carrier_date as date) as handover_day,
        cast(orders.order_delivered_customer_date as date) as delivery_day,
        cast(orders.order_estimated_delivery_date as date) as promised_day,
        delivery_day is not null as is_delivered,
        not is_off and handover_day is null and delivery_day is null
            as is_with_seller,
        not is_canceled
            and (is_delivered or promised_day < date '2018-03-01')
            as is_fate_known,
        coalesce(delivery_day, date '2018-03-01') > promised_day as is_late
    from (select * from features_seller_orders where reference_date = date '2018-03-01') as sold
    inner join (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date)) as orders
        on orders.order_id = sold.order_id
),

final as (
    select
        seller_id,
        -- Late orders / orders whose fate is known (delivered, or promised for
        -- a day that has passed), canceled ones left out; late is delivered
        -- after the promised day, or not delivered though it has passed; NULL
        -- without such an order
        (cast(count(*) filter (where is_fate_known and is_late) as double) / nullif(count(*) filter (where is_fate_known), 0)) as late_order_share,
        -- Canceled orders / orders
        (cast(count(*) filter (where is_canceled) as double) / nullif(count(*), 0))
            as cancelled_order_share,
        -- Orders neither delivered nor canceled nor unavailable / orders
        (cast(count(*) filter (where not is_delivered and not is_off) as double) / nullif(count(*), 0)) as open_order_share,
        -- Mean freight of the seller in an order
        cast(sum(case when typeof(freight) in ('double', 'float') then cast(cast(round((freight) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast(freight as decimal(38, 12)) end) as double) / count(*) as avg_freight_brl,
        -- Lowest freight of the seller in an order
        min(freight) as min_freight_brl,
        -- Highest freight of the seller in an order
        max(freight) as max_freight_brl,
        -- Median freight of the seller in an order
        median(case when typeof(freight) like 'decimal%' then raise_error('the median of decimals differs: cast them to double') else freight end) as median_freight_brl,
        -- Mean days from approval to delivery, of orders delivered
        (sum(case
            when delivery_day < approval_day then 0
            else datediff(cast(delivery_day as date), cast(approval_day as date))
        end) / 1D / nullif(count(case
            when delivery_day < approval_day then 0
            else datediff(cast(delivery_day as date), cast(approval_day as date))
        end), 0))
            as avg_approval_to_delivery_days,
        -- Mean days from purchase to delivery, of orders delivered
        (sum(case
            when delivery_day < purchase_day then 0
            else datediff(cast(delivery_day as date), cast(purchase_day as date))
        end) / 1D / nullif(count(case
            when delivery_day < purchase_day then 0
            else datediff(cast(delivery_day as date), cast(purchase_day as date))
        end), 0))
            as avg_purchase_to_delivery_days,
        -- Mean days from delivery to the promised day, of orders delivered;
        -- negative when late
        (sum(datediff(cast(promised_day as date), cast(delivery_day as date))) / 1D / nullif(count(datediff(cast(promised_day as date), cast(delivery_day as date))), 0))
            as avg_days_ahead_of_promise,
        -- Mean days from purchase to the carrier, of orders handed over
        (sum(case
            when handover_day < purchase_day then 0
            else datediff(cast(handover_day as date), cast(purchase_day as date))
        end) / 1D / nullif(count(case
            when handover_day < purchase_day then 0
            else datediff(cast(handover_day as date), cast(purchase_day as date))
        end), 0))
            as avg_handover_days,
        -- Longest time from purchase to the carrier, of orders handed over
        max(case
            when handover_day < purchase_day then 0
            else datediff(cast(handover_day as date), cast(purchase_day as date))
        end)
            as max_handover_days,
        -- Orders that the carrier does not have yet / orders; canceled and
        -- unavailable ones left out of the first
        (cast(count(*) filter (where is_with_seller) as double) / nullif(count(*), 0))
            as not_handed_over_share,
        -- Orders bought more than 7 days ago that the carrier does not have
        -- yet; canceled and unavailable ones left out
        count(*) filter (
            where is_with_seller
                and purchase_day < cast(date '2018-03-01' - interval '7' day as date)
        ) as overdue_handover_count
    from deliveries
    group by seller_id
)

select * from final
