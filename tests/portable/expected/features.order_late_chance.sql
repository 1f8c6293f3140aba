
with orders as (
    select
        progress.*,
        benchmarks.reach,
        benchmarks.handover_ratio,
        benchmarks.transit_ratio * benchmarks.area_ratio as transit_ratio,
        least(90, days_in_step) as day_now,
        least(90, days_in_step + days_to_promise) as day_promised
    from (select * from features_order_progress where reference_date = date '2018-03-01') as progress
    inner join (select * from features_order_benchmarks where reference_date = date '2018-03-01') as benchmarks
        on benchmarks.order_id = progress.order_id
),

pace as (
    select * from (select * from features_step_life_table where reference_date = date '2018-03-01')
),

-- With the carrier: not delivered on any day up to the promised one.
with_carrier as (
    select
        orders.order_id,
        exp(-orders.transit_ratio * (until_promise.cumulative_hazard
            - so_far.cumulative_hazard)) as late_chance
    from orders
    inner join pace as so_far
        on so_far.step = 'transit'
            and so_far.reach = orders.reach
            and so_far.day = orders.day_now - 1
    inner join pace as until_promise
        on until_promise.step = 'transit'
            and until_promise.reach = orders.reach
            and until_promise.day = orders.day_promised
    where orders.is_handed_over
),

-- With the seller: handed over on one of the days up to the promised one, and
-- then not delivered in the days left ...
hand_overs as (
    select
        *,
        explode(filter(sequence(0, days_to_promise + 1), olist_n -> olist_n < days_to_promise + 1)) as days_to_wait
    from orders
    where not is_handed_over
),

waits as (
    select
        hand_overs.order_id,
        exp(-handover_ratio * (before.cumulative_hazard
            - so_far.cumulative_hazard)) as waits_before,
        exp(-handover_ratio * (after.cumulative_hazard
            - so_far.cumulative_hazard)) as waits_after,
        exp(-transit_ratio * transit.cumulative_hazard) as is_not_delivered,
        days_to_wait = days_to_promise as is_last
    from hand_overs
    inner join pace as so_far
        on so_far.step = 'hand-over' and so_far.day = day_now - 1
    inner join pace as before
        on before.step = 'hand-over'
            and before.day = least(90, day_now + days_to_wait - 1)
    inner join pace as after
        on after.step = 'hand-over'
            and after.day = least(90, day_now + days_to_wait)
    inner join pace as transit
        on transit.step = 'transit'
            and transit.reach = hand_overs.reach
            and transit.day
                = least(90, days_to_promise - days_to_wait)
),

-- ... or not even handed over by then. A sum of rounded products may pass 1,
-- and least(1, NULL) would be 1.
with_seller as (
    select
        order_id,
        cast(sum(case when typeof((waits_before - waits_after) * is_not_delivered
            + case when is_last then waits_after else 0 end) in ('double', 'float') then cast(cast(round(((waits_before - waits_after) * is_not_delivered
            + case when is_last then waits_after else 0 end) * 1e12D) as bigint) * 1e-12BD as decimal(38, 12)) else cast((waits_before - waits_after) * is_not_delivered
            + case when is_last then waits_after else 0 end as decimal(38, 12)) end) as double) as chance,
        case when chance > 1 then 1 else chance end as late_chance
    from waits
    group by order_id
),

final as (
    select
        orders.order_id,
        -- Chance to come after the promised day: life tables from where the
        -- order is now, at the pace of its seller, its route and its area. An
        -- order without items goes near; after day 90 of a step nothing
        -- happens any more
        coalesce(with_carrier.late_chance, with_seller.late_chance)
            as late_chance
    from orders
    left join with_carrier
        on with_carrier.order_id = orders.order_id
    left join with_seller
        on with_seller.order_id = orders.order_id
)

select * from final
