{{ config(
    description = 'One row per order: who buys from whom, where and when, and '
        ~ 'how it is paid.',
) }}
-- Orders are numbered through the weeks. What was drawn too many is left out
-- at even distances, so that exactly the number asked for remains.
with drawn as (
    select
        seller_no,
        week_no,
        neglect,
        first_order_no + unnest(generate_series(0, orders - 1)) as order_no,
        greatest(0, all_orders - {{ var('orders', 100000) }}) as surplus,
        all_orders,
    from {{ ref('sample.seller_weeks') }}
),

orders as (
    select
        * exclude (surplus, all_orders),
        -- one in thirty is bought by somebody who bought before
        case
            when {{ uniform('order_no', 'again') }} < 0.033
                then floor(order_no * {{ uniform('order_no', 'who') }})::bigint
            else order_no
        end as person_no,
        {{ uniform('order_no', 'day') }} as day_draw,
        {{ pick('order_no', 'hour', [
            0, 1, 7, 8, 8, 9, 9, 10, 10, 10, 11, 11, 11, 12, 12, 12, 13, 13,
            13, 14, 14, 14, 15, 15, 15, 16, 16, 16, 17, 17, 17, 18, 18, 18,
            19, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 22, 23, 23, 0, 6,
        ]) }} as hour,
    from drawn
    where (order_no + 1) * surplus // all_orders
        = order_no * surplus // all_orders
),

dated as (
    select
        orders.* exclude (day_draw, hour, week_no),
        calendar.day + to_seconds(
            3600 * hour + floor(3600 * {{ uniform('order_no', 'second') }})
                ::bigint
        ) as purchased_at,
    from orders
    inner join {{ ref('sample.calendar') }} as calendar
        on calendar.week_no = orders.week_no
        and orders.day_draw >= calendar.day_from
        and orders.day_draw < calendar.day_to
),

places as (
    select count(*) as place_count from {{ ref('sample.places') }}
)

select
    dated.*,
    floor(place_count * {{ uniform('person_no', 'place') }})::bigint
        as place_no,
    case
        when {{ uniform('order_no', 'payment') }} < 0.755 then 'credit_card'
        when {{ uniform('order_no', 'payment') }} < 0.955 then 'boleto'
        when {{ uniform('order_no', 'payment') }} < 0.985 then 'voucher'
        else 'debit_card'
    end as payment_type,
from dated
cross join places
