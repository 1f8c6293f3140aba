{{ config(
    entity = 'order',
    key = 'order_id',
    label = 'is_late',
    description = '
        One row per order under way, with what is known of it, and whether it
        comes after the promised day.
    ',
    checks = [
        'age_days between 1 and 60',
        'late_chance is not null',
    ],
) }}
{% set stores = [
    'contents', 'benchmarks', 'pace', 'overtaken', 'late_chance',
] %}
with progress as (
    select * from {{ ref('features.order_progress') }}
),

-- What is still to come: the outcome, and only the label is made of it.
deliveries as (
    select
        order_id,
        {{ day_of('order_delivered_customer_date') }} as delivery_day,
    from {{ outcome('orders') }}
),

final as (
    select
        progress.* exclude (reference_date),
    {% for store in stores %}
        {{ store }}.* exclude (reference_date, order_id),
    {% endfor %}
        -- 1 when the order is not delivered by the end of the promised day,
        -- whatever becomes of it, else 0
        case
            when deliveries.delivery_day
                <= {{ days_after(reference_date, 'progress.days_to_promise') }}
                then 0
            else 1
        end as is_late,
        -- The day after the promised day, also for an order that comes earlier:
        -- an early end must not decide which rows are known
        {{ days_after(reference_date, 'progress.days_to_promise + 1') }}
            as label_known_on,
    from progress
{% for store in stores %}
    inner join {{ ref('features.order_' ~ store) }} as {{ store }}
        on {{ store }}.order_id = progress.order_id
{% endfor %}
    left join deliveries
        on deliveries.order_id = progress.order_id
)

select * from final
