
with population as (
    select * from (select * from features_seller_sales where reference_date = date '2018-03-01')
    where recency_days <= 180
),

-- What is still to come: the outcome, and only the label is made of it.
next_orders as (
    select distinct seller_id
    from sources_order_items
    where known_at >= date '2018-03-01'
        and known_at < (cast(date '2018-03-01' as date) + cast(45 as integer))
),

final as (
    select
        population.* except (reference_date),
        reviews.* except (reference_date, seller_id),
        customers.* except (reference_date, seller_id),
        delivery.* except (reference_date, seller_id),
        products.* except (reference_date, seller_id),
        -- 1 when the seller has no order in the 45 days from the reference date
        -- on, else 0
        cast((next_orders.seller_id is null) as integer) as is_silent,
        -- 45 days after the reference date
        (cast(date '2018-03-01' as date) + cast(45 as integer)) as label_known_on
    from population
    left join (select * from features_seller_reviews where reference_date = date '2018-03-01') as reviews
        on reviews.seller_id = population.seller_id
    left join (select * from features_seller_customers where reference_date = date '2018-03-01') as customers
        on customers.seller_id = population.seller_id
    left join (select * from features_seller_delivery where reference_date = date '2018-03-01') as delivery
        on delivery.seller_id = population.seller_id
    left join (select * from features_seller_products where reference_date = date '2018-03-01') as products
        on products.seller_id = population.seller_id
    left join next_orders
        on next_orders.seller_id = population.seller_id
)

select * from final
