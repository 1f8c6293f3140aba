
with progress as (
    select * from (select * from features_order_progress where reference_date = date '2018-03-01')
),

-- What is still to come: the outcome, and only the label is made of it.
deliveries as (
    select
        order_id,
        cast(order_delivered_customer_date as date) as delivery_day
    from sources_orders
),

final as (
    select
        progress.* except (reference_date),
        contents.* except (reference_date, order_id),
        benchmarks.* except (reference_date, order_id),
        pace.* except (reference_date, order_id),
        overtaken.* except (reference_date, order_id),
        late_chance.* except (reference_date, order_id),
        -- 1 when the order is not delivered by the end of the promised day,
        -- whatever becomes of it, else 0
        case
            when deliveries.delivery_day
                <= (cast(date '2018-03-01' as date) + case when typeof(progress.days_to_promise) in ('double', 'float') then cast(rint(cast(progress.days_to_promise as double)) as integer) when typeof(progress.days_to_promise) like 'decimal%' then cast(cast(progress.days_to_promise as decimal(38, 0)) as integer) else cast(progress.days_to_promise as integer) end)
                then 0
            else 1
        end as is_late,
        -- The day after the promised day, also for an order that comes earlier:
        -- an early end must not decide which rows are known
        (cast(date '2018-03-01' as date) + case when typeof(progress.days_to_promise + 1) in ('double', 'float') then cast(rint(cast(progress.days_to_promise + 1 as double)) as integer) when typeof(progress.days_to_promise + 1) like 'decimal%' then cast(cast(progress.days_to_promise + 1 as decimal(38, 0)) as integer) else cast(progress.days_to_promise + 1 as integer) end)
            as label_known_on
    from progress
    inner join (select * from features_order_contents where reference_date = date '2018-03-01') as contents
        on contents.order_id = progress.order_id
    inner join (select * from features_order_benchmarks where reference_date = date '2018-03-01') as benchmarks
        on benchmarks.order_id = progress.order_id
    inner join (select * from features_order_pace where reference_date = date '2018-03-01') as pace
        on pace.order_id = progress.order_id
    inner join (select * from features_order_overtaken where reference_date = date '2018-03-01') as overtaken
        on overtaken.order_id = progress.order_id
    inner join (select * from features_order_late_chance where reference_date = date '2018-03-01') as late_chance
        on late_chance.order_id = progress.order_id
    left join deliveries
        on deliveries.order_id = progress.order_id
)

select * from final
