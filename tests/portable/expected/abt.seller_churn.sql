
with population as (
    select
        *,
        -- Days, from the reference date on, in which an order has to come:
        -- 46 - recency_days
        45 + 1 - recency_days as horizon_days
    from (select * from features_seller_sales where reference_date = date '2018-03-01')
    where recency_days <= 45
),

-- What is still to come: the outcome, and only the label is made of it.
next_orders as (
    select
        seller_id,
        cast(min(known_at) as date) as next_day
    from sources_order_items
    where known_at >= date '2018-03-01'
    group by seller_id
),

final as (
    select
        population.* except (reference_date),
        reviews.* except (reference_date, seller_id),
        customers.* except (reference_date, seller_id),
        delivery.* except (reference_date, seller_id),
        payments.* except (reference_date, seller_id),
        products.* except (reference_date, seller_id),
        -- The day after the 45th day after the last order
        (cast(date '2018-03-01' as date) + case when typeof(horizon_days) in ('double', 'float') then cast(rint(cast(horizon_days as double)) as integer) when typeof(horizon_days) like 'decimal%' then cast(cast(horizon_days as decimal(38, 0)) as integer) else cast(horizon_days as integer) end) as label_known_on,
        -- 1 when the seller has no order from the reference date up to and
        -- including the 45th day after its last one, else 0
        case when next_orders.next_day < label_known_on then 0 else 1 end
            as is_churned
    from population
    left join (select * from features_seller_reviews where reference_date = date '2018-03-01') as reviews
        on reviews.seller_id = population.seller_id
    left join (select * from features_seller_customers where reference_date = date '2018-03-01') as customers
        on customers.seller_id = population.seller_id
    left join (select * from features_seller_delivery where reference_date = date '2018-03-01') as delivery
        on delivery.seller_id = population.seller_id
    left join (select * from features_seller_payments where reference_date = date '2018-03-01') as payments
        on payments.seller_id = population.seller_id
    left join (select * from features_seller_products where reference_date = date '2018-03-01') as products
        on products.seller_id = population.seller_id
    left join next_orders
        on next_orders.seller_id = population.seller_id
)

select * from final
