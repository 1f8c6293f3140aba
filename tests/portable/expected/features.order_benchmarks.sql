
with routes as (
    select * from (select * from features_route_delivery where reference_date = date '2018-03-01')
),

network as (
    select
        -- Late orders / orders promised for a day of the last 14, of all
        -- routes; 0.07 without any
        coalesce((cast(sum(late_14d) as double) / nullif(sum(promised_14d), 0)), 0.07) as network_late_share_14d,
        -- Late orders / orders promised for a day of the last 28, of all
        -- routes; 0.07 without any
        coalesce((cast(sum(late_28d) as double) / nullif(sum(promised_28d), 0)), 0.07) as network_late_share_28d,
        network_late_share_28d as usual
    from routes
),

states as (
    select
        routes.customer_state,
        ((sum(late_28d) + 20 * max(usual)) / 1D / (sum(promised_28d) + 20)) as state_late_share
    from routes
    cross join network
    group by routes.customer_state
),

parts as (
    select
        parts.order_id,
        min(coalesce(sellers.handover_ratio, 1)) as handover_ratio,
        min(coalesce(routes.transit_ratio, 1)) as transit_ratio,
        max(sellers.missed_limit_share) as seller_missed_limit_share,
        max(sellers.avg_recent_handover_days) as seller_handover_days,
        max(((coalesce(sellers.late_count, 0) + 5 * usual) / 1D / (coalesce(sellers.fate_known_count, 0) + 5)))
            as seller_late_share,
        max(((coalesce(routes.late_28d, 0) + 20 * usual) / 1D / (coalesce(routes.promised_28d, 0) + 20)))
            as route_late_share,
        max(routes.avg_transit_days) as route_transit_days,
        -- the farthest, by the order of these words in the alphabet
        min(parts.reach) as reach
    from (select * from features_order_parts where reference_date = date '2018-03-01') as parts
    cross join network
    left join (select * from features_seller_handover where reference_date = date '2018-03-01') as sellers
        on sellers.seller_id = parts.seller_id
    left join routes
        on routes.seller_state = parts.seller_state
            and routes.customer_state = parts.customer_state
    group by parts.order_id
),

final as (
    select
        orders.order_id,
        -- How far it goes: same state, near, far; near without items
        coalesce(parts.reach, 'near') as reach,
        -- Pace of its slowest seller (above 1 is faster); 1 without a record
        coalesce(parts.handover_ratio, 1) as handover_ratio,
        -- Pace of its slowest route; 1 without a record
        coalesce(parts.transit_ratio, 1) as transit_ratio,
        -- Pace of the zip area of the customer; 1 without a record
        coalesce(areas.area_ratio, 1) as area_ratio,
        -- Orders past their shipping limit / orders whose limit has passed, of
        -- the seller with the highest; NULL without a record
        parts.seller_missed_limit_share,
        -- Late orders / orders bought in the last 90 days and promised for a
        -- day before the reference date, of the seller with the highest;
        -- counted as if 5 orders more were late like those of the network
        coalesce(parts.seller_late_share, usual) as seller_late_share,
        -- Mean days from purchase to hand-over, of its slowest seller; NULL
        -- without a record
        parts.seller_handover_days,
        -- Late orders / orders promised for a day of the last 28, of the route
        -- with the highest; counted as if 20 orders more were late like those
        -- of the network
        coalesce(parts.route_late_share, usual) as route_late_share,
        -- Mean days from hand-over to delivery on its slowest route
        parts.route_transit_days,
        -- As route_late_share, of all routes to the state of the customer
        coalesce(states.state_late_share, usual) as state_late_share,
        network.* except (usual)
    from (select * from features_order_progress where reference_date = date '2018-03-01') as orders
    cross join network
    left join parts
        on parts.order_id = orders.order_id
    left join (select * from features_area_delivery where reference_date = date '2018-03-01') as areas
        on areas.customer_area = orders.customer_area
    left join states
        on states.customer_state = orders.customer_state
)

select * from final
