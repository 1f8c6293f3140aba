{{ config(
    description = '
        The hundred orders to rescue today: most value expected to be late, and
        whose turn it is. Expected loss is the probability of being late times
        what the customer pays; worth_brl: the part of it that pressing is
        expected to save, if it brings one late order in four in time
    ',
) }}
{# An assumption, until a week in which half of the list is left alone has
   measured it. #}
{% set rescued_share = 0.25 %}
with scores as (
    select * from {{ ref('scores.order_delay') }}
),

orders as (
    select * from {{ ref('abt.order_delay') }}
),

final as (
    select
        scores.order_id,
        round(scores.score, 3) as late_probability,
        round(scores.stake_brl, 2) as order_value_brl,
        round(scores.score * scores.stake_brl, 2) as expected_loss_brl,
        round(scores.score * scores.stake_brl * {{ rescued_share }}, 2)
            as worth_brl,
        orders.days_to_promise,
        -- What can be done: press the seller, or the carrier.
        case
            when orders.is_handed_over then 'carrier'
            when orders.is_approved then 'seller'
            else 'payment'
        end as whose_turn,
        orders.days_in_step,
        orders.days_past_limit,
        orders.seller_id,
        orders.seller_state,
        orders.customer_state,
        round(orders.distance_km) as distance_km,
        round(orders.route_late_share, 3) as route_late_share,
        round(orders.seller_late_share, 3) as seller_late_share,
        scores.model_version,
    from scores
    inner join orders
        on orders.order_id = scores.order_id
    -- An order without items has no value to lose, and nobody to press.
    where orders.seller_id is not null
)

select * from final
order by expected_loss_brl desc, order_id
limit 100
