{{ config(
    entity = 'seller',
    key = 'seller_id',
    label = 'is_activated',
    description = '
        One row per seller won through the funnel in the 90 days before the
        reference date that has no order yet, and whether its first one comes
        within 30 days. Snapshots are weekly, so a deal has a row in each week
        until it starts or is 90 days old, and weighs as many rows: 1 to 13.
    ',
    checks = [
        'days_since_deal between 1 and 90',
        'start_ratio is not null',
    ],
) }}
{% set horizon_days = 30 %}
{% set stores = ['peer_starts', 'first_month'] %}
with population as (
    select * from {{ ref('features.deal_profile') }}
    where days_since_deal <= 90
        and days_to_first_order is null
),

-- What is still to come: the outcome, and only the label is made of it.
first_orders as (
    select
        seller_id,
        {{ day_of('min(known_at)') }} as first_day,
    from {{ outcome('order_items') }}
    where known_at >= {{ reference_date }}
    group by seller_id
),

final as (
    select
        population.* exclude (reference_date, days_to_first_order),
    {% for store in stores %}
        {{ store }}.* exclude (reference_date, seller_id),
    {% endfor %}
        -- 1 when the first order comes on the reference date or in the 29 days
        -- after it, else 0
        case
            when first_orders.first_day
                < {{ days_after(reference_date, horizon_days) }}
                then 1
            else 0
        end as is_activated,
        -- 30 days after the reference date
        {{ days_after(reference_date, horizon_days) }} as label_known_on,
    from population
{% for store in stores %}
    inner join {{ ref('features.deal_' ~ store) }} as {{ store }}
        on {{ store }}.seller_id = population.seller_id
{% endfor %}
    left join first_orders
        on first_orders.seller_id = population.seller_id
)

select * from final
