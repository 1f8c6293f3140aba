{{ config(
    entity = 'order',
    key = 'order_id',
    description = '
        One row per order under way (features.order_progress): what of later
        orders is ahead of it, on its route and at its seller. Of an order of
        several routes or sellers, where the most are ahead.
    ',
    checks = [
        'route_overtaken_share between 0 and 1',
        'seller_overtaken_share between 0 and 1',
    ],
) }}
with orders as (
    select * from {{ ref('features.order_progress') }}
),

trips as (
    select * from {{ ref('features.order_steps') }}
    where step = 'transit'
        and from_day >= {{ days_before(reference_date, 60) }}
),

purchases as (
    select
        items.order_id,
        items.seller_id,
        {{ day_of('max(purchases.order_purchase_timestamp)') }} as from_day,
        max(purchases.order_delivered_carrier_date) as end_day,
    from {{ recent('order_items', 60) }} as items
    inner join {{ recent('orders', 60) }} as purchases
        on purchases.order_id = items.order_id
    where purchases.order_status not in ('canceled', 'unavailable')
    group by items.order_id, items.seller_id
),

{% set routes = ['seller_state', 'customer_state'] %}
{% for rows, keys in [('trips', routes), ('purchases', ['seller_id'])] %}
later_{{ rows }} as (
    select
        {{ keys | join(', ') }},
        from_day,
        sum(count(*)) over later as later_count,
        sum(count(end_day)) over later as ahead_count,
    from {{ rows }}
    group by {{ keys | join(', ') }}, from_day
    window later as (
        partition by {{ keys | join(', ') }} order by from_day desc
        rows between unbounded preceding and 1 preceding
    )
),

overtaken_{{ rows }} as (
    select
        {{ rows }}.order_id,
        coalesce(max(later.later_count), 0) as later_count,
        coalesce(max(later.ahead_count), 0) as ahead_count,
    from {{ rows }}
    semi join orders
        on orders.order_id = {{ rows }}.order_id
    inner join later_{{ rows }} as later
        on later.from_day = {{ rows }}.from_day
    {% for key in keys %}
            and later.{{ key }} = {{ rows }}.{{ key }}
    {% endfor %}
    group by {{ rows }}.order_id
),

{% endfor %}
final as (
    select
        orders.order_id,
        -- Orders handed over on a later day that have come / all of them on its
        -- route, counted as if 5 more were there and 0.3 of them had come; NULL
        -- while the seller has it
        case when orders.is_handed_over then {{ shrunk(
            'trips.ahead_count', 'trips.later_count', 0.3, 5
        ) }} end as route_overtaken_share,
        -- Orders of its seller bought on a later day that are handed over; NULL
        -- when it is handed over itself
        case when not orders.is_handed_over then purchases.ahead_count end
            as seller_overtaken_count,
        -- Those / all bought on a later day, counted as if 1 more were there
        -- and 0.3 of it were handed over
        case when not orders.is_handed_over then {{ shrunk(
            'purchases.ahead_count', 'purchases.later_count', 0.3, 1
        ) }} end as seller_overtaken_share,
    from orders
    left join overtaken_trips as trips
        on trips.order_id = orders.order_id
    left join overtaken_purchases as purchases
        on purchases.order_id = orders.order_id
)

select * from final
