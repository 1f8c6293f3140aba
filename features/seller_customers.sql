{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: where the customers of those orders live.
    ',
    checks = [
        'customer_state_count between 0 and 27',
        'order_share_sp between 0 and 1',
    ],
) }}
{% set states = [
    'AC', 'AL', 'AM', 'AP', 'BA', 'CE', 'DF', 'ES', 'GO',
    'MA', 'MG', 'MS', 'MT', 'PA', 'PB', 'PE', 'PI', 'PR',
    'RJ', 'RN', 'RO', 'RR', 'RS', 'SC', 'SE', 'SP', 'TO',
] %}
with seller_orders as (
    select * from {{ ref('features.seller_orders') }}
),

orders as (
    select * from {{ last_six_months('orders') }}
),

customers as (
    select * from {{ last_six_months('customers') }}
),

state_orders as (
    select
        seller_orders.seller_id,
        customers.customer_state,
        count(*) as order_count,
    from seller_orders
    inner join orders
        on orders.order_id = seller_orders.order_id
    left join customers
        on customers.customer_id = orders.customer_id
    group by seller_orders.seller_id, customers.customer_state
),

final as (
    select
        seller_id,
        count(customer_state) as customer_state_count,  -- Distinct states
    {% for state in states %}
        -- Orders from {{ state }} / orders
        {{ ratio(
            "coalesce(sum(order_count) filter (where customer_state = '"
            ~ state ~ "'), 0)",
            'sum(order_count)',
        ) }} as order_share_{{ state | lower }},
    {% endfor %}
    from state_orders
    group by seller_id
)

select * from final
