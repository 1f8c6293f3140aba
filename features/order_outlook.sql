{{ config(
    entity = 'order',
    key = 'order_id',
    description = 'One row per order under way: what the recent record of its seller, its route, its state and the whole network says of its chance to come in time.',
    columns = {
        'late_chance': 'Chance to come after the promised day: life tables of the last 28 days from where the order is now, at the pace of its seller, its route and its area. An order without items goes near; after day 90 of a step nothing happens any more',
        'handover_ratio': 'That of its slowest seller (features.seller_handover); 1 without a record',
        'transit_ratio': 'That of its slowest route (features.route_record); 1 without a record',
        'area_ratio': 'That of the zip area of the customer (features.area_record); 1 without a record',
        'seller_missed_limit_share': 'Highest of its sellers; NULL without a record',
        'seller_late_share': 'Late orders / orders bought in the last 90 days and promised for a day before the reference date, of the seller with the highest; counted as if 5 orders more were late like those of the network',
        'seller_handover_days': 'Mean days from purchase to hand-over, of its slowest seller; NULL without a record',
        'route_late_share': 'Late orders / orders promised for a day of the last 28, of the route with the highest; counted as if 20 orders more were late like those of the network',
        'route_transit_days': 'Mean days from hand-over to delivery on its slowest route; NULL without a record',
        'state_late_share': 'As route_late_share, of all routes to the state of the customer',
        'network_late_*': 'Late orders / orders promised for a day of the last 14d, 28d, of all routes; 0.07 without any',
    },
    checks = [
        'late_chance between 0 and 1',
        'handover_ratio > 0 and transit_ratio > 0',
        'seller_late_share between 0 and 1 and route_late_share between 0 and 1',
    ],
) }}
with orders as (
    select * from {{ ref('features.order_progress') }}
),

pace as (
    select * from {{ ref('features.network_pace') }}
),

sellers as (
    select * from {{ ref('features.seller_handover') }}
),

routes as (
    select * from {{ ref('features.route_record') }}
),

areas as (
    select * from {{ ref('features.area_record') }}
),

items as (
    select distinct items.order_id, items.seller_id
    from {{ source('order_items') }} as items
    semi join orders
        on orders.order_id = items.order_id
),

seller_rows as (
    select * from {{ source('sellers') }}
),

network as (
    select
    {% for n in [14, 28] %}
        coalesce({{ ratio('sum(late_' ~ n ~ 'd)', 'sum(promised_' ~ n ~ 'd)') }},
            0.07) as network_late_share_{{ n }}d,
    {% endfor %}
    from routes
),

states as (
    select
        routes.customer_state,
        (sum(late_28d) + 20 * any_value(network_late_share_28d))
            / (sum(promised_28d) + 20) as state_late_share,
    from routes
    cross join network
    group by routes.customer_state
),

-- An order is as slow as the slowest of its sellers and routes.
parts as (
    select
        items.order_id,
        min(coalesce(sellers.handover_ratio, 1)) as handover_ratio,
        min(coalesce(routes.transit_ratio, 1)) as transit_ratio,
        max(sellers.missed_limit_share) as seller_missed_limit_share,
        max(sellers.avg_recent_handover_days) as seller_handover_days,
        max((coalesce(sellers.late_count, 0)
            + 5 * network.network_late_share_28d)
                / (coalesce(sellers.fate_known_count, 0) + 5))
            as seller_late_share,
        max((coalesce(routes.late_28d, 0)
            + 20 * network.network_late_share_28d)
                / (coalesce(routes.promised_28d, 0) + 20))
            as route_late_share,
        max(routes.avg_transit_days) as route_transit_days,
        -- the farthest, by the order of these words in the alphabet
        min({{ reach('seller_rows.seller_state', 'orders.customer_state') }})
            as reach,
    from items
    inner join orders
        on orders.order_id = items.order_id
    cross join network
    left join sellers
        on sellers.seller_id = items.seller_id
    left join seller_rows
        on seller_rows.seller_id = items.seller_id
    left join routes
        on routes.seller_state = seller_rows.seller_state
            and routes.customer_state = orders.customer_state
    group by items.order_id
),

known as (
    select
        orders.order_id,
        orders.is_handed_over,
        orders.days_in_step,
        orders.days_to_promise,
        orders.customer_state,
        coalesce(parts.reach, 'near') as reach,
        coalesce(parts.handover_ratio, 1) as handover_ratio,
        coalesce(parts.transit_ratio, 1) as transit_ratio,
        coalesce(areas.area_ratio, 1) as area_ratio,
        parts.seller_missed_limit_share,
        coalesce(parts.seller_late_share, network.network_late_share_28d)
            as seller_late_share,
        parts.seller_handover_days,
        coalesce(parts.route_late_share, network.network_late_share_28d)
            as route_late_share,
        parts.route_transit_days,
        network.network_late_share_14d,
        network.network_late_share_28d,
    from orders
    cross join network
    left join parts
        on parts.order_id = orders.order_id
    left join areas
        on areas.customer_area = orders.customer_area
),

-- With the carrier: not delivered on any day up to the promised one.
in_transit as (
    select
        known.order_id,
        exp(-known.transit_ratio * known.area_ratio * (
            until_promise.cumulative_hazard - so_far.cumulative_hazard
        )) as late_chance,
    from known
    inner join pace as so_far
        on so_far.step = 'transit'
            and so_far.reach = known.reach
            and so_far.day = least(90, known.days_in_step) - 1
    inner join pace as until_promise
        on until_promise.step = 'transit'
            and until_promise.reach = known.reach
            and until_promise.day
                = least(90, known.days_in_step + known.days_to_promise)
    where known.is_handed_over
),

-- With the seller: handed over on one of the days up to the promised one, and
-- then not delivered in the days left ...
hand_overs as (
    select
        known.order_id,
        known.reach,
        known.handover_ratio,
        known.transit_ratio * known.area_ratio as transit_ratio,
        least(90, known.days_in_step) as days_in_step,
        known.days_to_promise,
        unnest(range(0, known.days_to_promise + 1)) as days_to_wait,
    from known
    where not known.is_handed_over
),

waits as (
    select
        hand_overs.order_id,
        exp(-handover_ratio * (before.cumulative_hazard
            - so_far.cumulative_hazard)) as waits_before,
        exp(-handover_ratio * (after.cumulative_hazard
            - so_far.cumulative_hazard)) as waits_after,
        exp(-transit_ratio * transit.cumulative_hazard) as is_not_delivered,
        days_to_wait = days_to_promise as is_last,
    from hand_overs
    inner join pace as so_far
        on so_far.step = 'hand-over' and so_far.day = days_in_step - 1
    inner join pace as before
        on before.step = 'hand-over'
            and before.day = least(90, days_in_step + days_to_wait - 1)
    inner join pace as after
        on after.step = 'hand-over'
            and after.day = least(90, days_in_step + days_to_wait)
    inner join pace as transit
        on transit.step = 'transit'
            and transit.reach = hand_overs.reach
            and transit.day = least(90, days_to_promise - days_to_wait)
),

-- ... or not even handed over by then.
with_seller as (
    select
        order_id,
        {{ exact_sum('(waits_before - waits_after) * is_not_delivered
            + case when is_last then waits_after else 0 end') }}
            as late_chance,
    from waits
    group by order_id
),

final as (
    select
        known.order_id,
        -- a sum of rounded products; least(1, NULL) would be 1
        case
            when with_seller.late_chance > 1 then 1
            else coalesce(in_transit.late_chance, with_seller.late_chance)
        end as late_chance,
        known.handover_ratio,
        known.transit_ratio,
        known.area_ratio,
        known.seller_missed_limit_share,
        known.seller_late_share,
        known.seller_handover_days,
        known.route_late_share,
        known.route_transit_days,
        coalesce(states.state_late_share, known.network_late_share_28d)
            as state_late_share,
        known.network_late_share_14d,
        known.network_late_share_28d,
    from known
    left join in_transit
        on in_transit.order_id = known.order_id
    left join with_seller
        on with_seller.order_id = known.order_id
    left join states
        on states.customer_state = known.customer_state
)

select * from final
