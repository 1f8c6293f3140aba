
with seller_orders as (
    select * from (select * from features_seller_orders where reference_date = date '2018-03-01')
),

orders as (
    select * from (select * from orders_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
),

customers as (
    select * from (select * from customers_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
),

state_orders as (
    select
        seller_orders.seller_id,
        customers.customer_state,
        count(*) as order_count
    from seller_orders
    inner join orders
        on orders.order_id = seller_orders.order_id
    left join customers
        on customers.customer_id = orders.customer_id
    group by seller_orders.seller_id, customers.customer_state
),

final as (
    select
        seller_id,
        count(customer_state) as customer_state_count,  -- Distinct states
        -- Orders from AC / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'AC'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ac,
        -- Orders from AL / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'AL'), 0) as double) / nullif(sum(order_count), 0)) as order_share_al,
        -- Orders from AM / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'AM'), 0) as double) / nullif(sum(order_count), 0)) as order_share_am,
        -- Orders from AP / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'AP'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ap,
        -- Orders from BA / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'BA'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ba,
        -- Orders from CE / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'CE'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ce,
        -- Orders from DF / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'DF'), 0) as double) / nullif(sum(order_count), 0)) as order_share_df,
        -- Orders from ES / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'ES'), 0) as double) / nullif(sum(order_count), 0)) as order_share_es,
        -- Orders from GO / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'GO'), 0) as double) / nullif(sum(order_count), 0)) as order_share_go,
        -- Orders from MA / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'MA'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ma,
        -- Orders from MG / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'MG'), 0) as double) / nullif(sum(order_count), 0)) as order_share_mg,
        -- Orders from MS / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'MS'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ms,
        -- Orders from MT / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'MT'), 0) as double) / nullif(sum(order_count), 0)) as order_share_mt,
        -- Orders from PA / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'PA'), 0) as double) / nullif(sum(order_count), 0)) as order_share_pa,
        -- Orders from PB / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'PB'), 0) as double) / nullif(sum(order_count), 0)) as order_share_pb,
        -- Orders from PE / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'PE'), 0) as double) / nullif(sum(order_count), 0)) as order_share_pe,
        -- Orders from PI / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'PI'), 0) as double) / nullif(sum(order_count), 0)) as order_share_pi,
        -- Orders from PR / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'PR'), 0) as double) / nullif(sum(order_count), 0)) as order_share_pr,
        -- Orders from RJ / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'RJ'), 0) as double) / nullif(sum(order_count), 0)) as order_share_rj,
        -- Orders from RN / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'RN'), 0) as double) / nullif(sum(order_count), 0)) as order_share_rn,
        -- Orders from RO / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'RO'), 0) as double) / nullif(sum(order_count), 0)) as order_share_ro,
        -- Orders from RR / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'RR'), 0) as double) / nullif(sum(order_count), 0)) as order_share_rr,
        -- Orders from RS / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'RS'), 0) as double) / nullif(sum(order_count), 0)) as order_share_rs,
        -- Orders from SC / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'SC'), 0) as double) / nullif(sum(order_count), 0)) as order_share_sc,
        -- Orders from SE / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'SE'), 0) as double) / nullif(sum(order_count), 0)) as order_share_se,
        -- Orders from SP / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'SP'), 0) as double) / nullif(sum(order_count), 0)) as order_share_sp,
        -- Orders from TO / orders
        (cast(coalesce(sum(order_count) filter (where customer_state = 'TO'), 0) as double) / nullif(sum(order_count), 0)) as order_share_to
    from state_orders
    group by seller_id
)

select * from final
