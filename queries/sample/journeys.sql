{{ config(
    description = 'One row per order: its way from approval to delivery as it '
        ~ 'will have been in the end, also after the end of the data.',
) }}
with routes as (
    select
        purchases.order_no,
        purchases.seller_no,
        purchases.neglect,
        purchases.purchased_at,
        purchases.payment_type,
        sellers.quality,
        seller_place.state as seller_state,
        buyer_place.state as buyer_state,
        buyer_place.slow_days,
        -- near enough on this side of the poles
        111 * sqrt((buyer_place.lat - seller_place.lat) ** 2
            + (0.94 * (buyer_place.lng - seller_place.lng)) ** 2) as km,
    from {{ ref('sample.purchases') }} as purchases
    inner join {{ ref('sample.sellers_plan') }} as sellers
        on sellers.seller_no = purchases.seller_no
    inner join {{ ref('sample.places') }} as seller_place
        on seller_place.place_no = sellers.place_no
    inner join {{ ref('sample.places') }} as buyer_place
        on buyer_place.place_no = purchases.place_no
),

-- Cards are approved within the hour, a boleto when it has been paid. Who
-- serves badly or has lost interest hands over late.
prepared as (
    select
        *,
        case
            when payment_type = 'boleto'
                then 0.6 + 1.0 * {{ exponential('order_no', 'approval') }}
            when {{ uniform('order_no', 'checked') }} < 0.12
                then 0.3 + 0.6 * {{ exponential('order_no', 'approval') }}
            else 0.006 + 0.01 * {{ exponential('order_no', 'approval') }}
        end as approval_days,
        1.75 * exp(0.75 * {{ normal('order_no', 'handover') }}
            - 0.4 * quality + 0.6 * neglect)
            * case when month(purchased_at) = 11 then 1.35 else 1 end
            as handover_days,
        1.0 + 0.21 * sqrt(km) + 0.001 * km + slow_days as usual_days,
    from routes
),

-- Some routes are slow for a while, some weeks are slow everywhere, and one
-- parcel in fifty goes astray and turns up late.
moved as (
    select
        prepared.*,
        usual_days * calendar.slowness
            * exp(0.22 * {{ normal(
                "seller_state, buyer_state, calendar.week_no // 6",
                'route') }}
                + 0.37 * {{ normal('order_no', 'transit') }})
            * case
                when {{ uniform('order_no', 'astray') }} < 0.02 then 2.8
                else 1
            end as transit_days,
        calendar.slowness,
    from prepared
    inner join {{ ref('sample.calendar') }} as calendar
        on calendar.day = least(date '2018-08-31',
            (purchased_at + to_seconds(round(86400
                * (approval_days + handover_days))::bigint))::date)
)

select
    order_no,
    seller_no,
    purchased_at,
    quality,
    neglect,
    km,
    {{ uniform('order_no', 'fate') }} * exp(-0.8 * neglect) as fate,
    purchased_at + to_seconds(round(86400 * approval_days)::bigint)
        as approved_at,
    -- one in a hundred is on its way before the money has come, and a few are
    -- scanned only after they have arrived
    purchased_at + to_seconds(round(86400 * (approval_days
        + case
            when {{ uniform('order_no', 'trust') }} < 0.012
                then -0.5 * approval_days
            when {{ uniform('order_no', 'trust') }} < 0.0123
                then handover_days + transit_days + 0.1
            else handover_days
        end))::bigint) as handed_over_at,
    purchased_at + to_seconds(round(86400 * (approval_days + handover_days
        + transit_days))::bigint) as delivered_at,
    -- promises are cautious and know the usual way, not the present week
    (purchased_at::date + round(10.0 + 1.25 * usual_days
        + 4 * exp(0.7 * {{ normal('order_no', 'promise') }}))::integer)
        ::timestamp as promised_at,
    (purchased_at + to_seconds(round(86400 * (approval_days
        + [4, 5, 5, 6, 6, 6, 6, 7, 7, 12][1 + seller_no % 10]))::bigint))
        as shipping_limit_at,
from moved
