{{ config(
    description = 'One row per order as it stands at the end of the data: what '
        ~ 'comes later is empty.',
) }}
-- fate is a draw between 0 and 1: the smallest ones go wrong, in this order.
with ended as (
    select
        *,
        case
            when fate < 0.006 then 'unavailable'
            when fate < 0.0115 then 'canceled'
            when fate < 0.0205 then 'shipped'
            when fate < 0.0225 then 'invoiced'
            when fate < 0.0245 then 'processing'
            else 'delivered'
        end as last_status,
        -- where it ended: most of the cancelled never left the seller
        case
            when fate < 0.006 then 1
            when fate < 0.0075 then 0
            when fate < 0.0107 then 1
            when fate < 0.0205 then 2
            when fate < 0.0245 then 1
            else 3
        end as last_stage,
        -- when it was given up
        purchased_at + to_seconds(round(86400
            * (3 + 6 * {{ exponential('order_no', 'given up') }}))::bigint)
            as given_up_at,
        timestamp '2018-09-01 00:00:00' as data_end,
    from {{ ref('sample.journeys') }}
),

seen as (
    select
        * exclude (approved_at, handed_over_at, delivered_at),
        case
            when last_stage >= 1 and approved_at < data_end then approved_at
        end as approved_at,
        case
            when last_stage >= 2 and handed_over_at < data_end
                then handed_over_at
        end as handed_over_at,
        case
            when last_stage >= 3 and delivered_at < data_end
                then delivered_at
        end as delivered_at,
    from ended
)

select
    order_no,
    seller_no,
    purchased_at,
    approved_at,
    handed_over_at,
    delivered_at,
    promised_at,
    shipping_limit_at,
    quality,
    neglect,
    km,
    case
        when last_status in ('unavailable', 'canceled')
            and given_up_at < data_end then last_status
        when delivered_at is not null then 'delivered'
        when handed_over_at is not null then 'shipped'
        when approved_at is null then 'created'
        when last_status = 'invoiced' then 'invoiced'
        when {{ uniform('order_no', 'invoice') }} < 0.3 then 'invoiced'
        else 'processing'
    end as status,
    -- what cannot be had is mostly taken out of the order
    last_status != 'unavailable' or given_up_at >= data_end
        or {{ uniform('order_no', 'emptied') }} < 0.02 as has_items,
from seen
