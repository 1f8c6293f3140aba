
with orders as (
    select * from (select * from features_order_progress where reference_date = date '2018-03-01')
),

states as (
    select * from (select * from features_state_pace where reference_date = date '2018-03-01')
),

network as (
    select
        coalesce(max(network_handover_ratio_7d), 1) as handover_ratio,
        coalesce(max(network_transit_ratio_7d), 1) as transit_ratio
    from states
),

sellers as (
    select
        parts.order_id,
        min(coalesce(sellers.transit_ratio, 1)) as transit_ratio
    from (select * from features_order_parts where reference_date = date '2018-03-01') as parts
    left join (select * from features_seller_transit where reference_date = date '2018-03-01') as sellers
        on sellers.seller_id = parts.seller_id
    group by parts.order_id
),

areas as (
    select
        customer_area,
        ((count(*) filter (where coalesce(end_day, date '2018-03-01') > promised_day) + 20 * 0.07) / 1D / (count(*) + 20)) as late_share
    from (select * from features_order_steps where reference_date = date '2018-03-01')
    where is_of_120_days
        and promised_day < date '2018-03-01'
    group by customer_area
),

calendar as (
    select
        days_ahead,
        sum(is_working) over (
            order by days_ahead nulls last
            rows between unbounded preceding and current row
        ) as working_days
    from (select
        days_ahead,
        case
            when datediff(cast(day as date), cast(date '2001-01-01' as date)) % 7 >= 5 then 0
            when day in (        date '2017-01-01',        date '2017-04-21',        date '2017-05-01',        date '2017-09-07',        date '2017-10-12',        date '2017-11-02',        date '2017-11-15',        date '2017-12-25',        (cast(date '2017-04-16' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2017-04-16' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2017-04-16' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2017-04-16' as date) + cast(60 as integer)),        date '2018-01-01',        date '2018-04-21',        date '2018-05-01',        date '2018-09-07',        date '2018-10-12',        date '2018-11-02',        date '2018-11-15',        date '2018-12-25',        (cast(date '2018-04-01' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2018-04-01' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2018-04-01' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2018-04-01' as date) + cast(60 as integer)),        date '2019-01-01',        date '2019-04-21',        date '2019-05-01',        date '2019-09-07',        date '2019-10-12',        date '2019-11-02',        date '2019-11-15',        date '2019-12-25',        (cast(date '2019-04-21' as date) + case when typeof(-48) in ('double', 'float') then cast(rint(cast(-48 as double)) as integer) when typeof(-48) like 'decimal%' then cast(cast(-48 as decimal(38, 0)) as integer) else cast(-48 as integer) end),        (cast(date '2019-04-21' as date) + case when typeof(-47) in ('double', 'float') then cast(rint(cast(-47 as double)) as integer) when typeof(-47) like 'decimal%' then cast(cast(-47 as decimal(38, 0)) as integer) else cast(-47 as integer) end),        (cast(date '2019-04-21' as date) + case when typeof(-2) in ('double', 'float') then cast(rint(cast(-2 as double)) as integer) when typeof(-2) like 'decimal%' then cast(cast(-2 as decimal(38, 0)) as integer) else cast(-2 as integer) end),        (cast(date '2019-04-21' as date) + cast(60 as integer))
            ) then 0
            else 1
        end as is_working
    from (
        select
            days_ahead,
            (cast(date '2018-03-01' as date) + case when typeof(days_ahead) in ('double', 'float') then cast(rint(cast(days_ahead as double)) as integer) when typeof(days_ahead) like 'decimal%' then cast(cast(days_ahead as decimal(38, 0)) as integer) else cast(days_ahead as integer) end) as day
        from (
            select explode(filter(sequence(0, 200 + 1), olist_n -> olist_n < 200 + 1)) as days_ahead
        ) as numbers
    ) as days) as days
),

final as (
    select
        orders.order_id,
        -- Pace of hand-overs in the last 7 days beside that of 28, for as many
        -- working days (above 1 is faster); 1 without a record
        network.handover_ratio as network_handover_ratio_7d,
        -- The same of deliveries
        network.transit_ratio as network_transit_ratio_7d,
        -- The same of deliveries in the state of the customer
        coalesce(states.state_transit_ratio_7d, network.transit_ratio)
            as state_transit_ratio_7d,
        -- Pace of the deliveries of its slowest seller beside others on their
        -- routes (above 1 is faster); 1 without a record
        coalesce(sellers.transit_ratio, 1) as seller_transit_ratio,
        -- Late orders / orders of the last 120 days promised for a day before
        -- the reference date, of the zip area of the customer, counted as if 20
        -- more were there and 0.07 of them late
        coalesce(areas.late_share, 0.07)
            as area_late_share_120d,
        -- Working days from the reference date to the promised day, both
        -- included: Monday to Friday, no national holiday; of 200 days at most
        case when typeof(calendar.working_days) in ('double', 'float') then cast(rint(cast(calendar.working_days as double)) as integer) when typeof(calendar.working_days) like 'decimal%' then cast(cast(calendar.working_days as decimal(38, 0)) as integer) else cast(calendar.working_days as integer) end as working_days_to_promise
    from orders
    cross join network
    inner join calendar
        on calendar.days_ahead = least(200, orders.days_to_promise)
    left join states
        on states.customer_state = orders.customer_state
    left join sellers
        on sellers.order_id = orders.order_id
    left join areas
        on areas.customer_area = orders.customer_area
)

select * from final
