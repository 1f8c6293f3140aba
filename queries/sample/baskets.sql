{{ config(
    description = 'One row per item of an order: product, seller, price and '
        ~ 'freight.',
) }}
with orders as (
    select
        order_no,
        seller_no,
        km,
        shipping_limit_at,
        case
            when {{ uniform('order_no', 'items') }} < 0.895 then 1
            when {{ uniform('order_no', 'items') }} < 0.970 then 2
            when {{ uniform('order_no', 'items') }} < 0.984 then 3
            else 4 + floor(1.2 * {{ exponential('order_no', 'many') }})::bigint
        end as item_count,
        -- half of the larger orders are several of the same
        {{ uniform('order_no', 'same') }} < 0.5 as is_one_product,
    from {{ ref('sample.fates') }}
    where has_items
),

-- One larger order in eight has something of another seller: of the one that
-- sold an order with a number near by, in the same week as a rule.
lines as (
    select
        *,
        unnest(generate_series(1, item_count)) as item_no,
        case
            when {{ uniform('order_no', 'two sellers') }} < 0.13
                then order_no + 1
                    + floor(40 * {{ uniform('order_no', 'other') }})::bigint
        end as other_order_no,
    from orders
),

sold as (
    select
        lines.order_no,
        lines.item_no,
        lines.shipping_limit_at,
        lines.is_one_product and other.seller_no is null as is_one_product,
        coalesce(other.km, lines.km) as km,
        coalesce(other.seller_no, lines.seller_no) as seller_no,
    from lines
    left join orders as other
        on other.order_no = lines.other_order_no
        and lines.item_no > 1
),

-- The first products of a catalogue sell most.
chosen as (
    select
        sold.*,
        sellers.first_product_no + floor(sellers.catalogue_size
            * {{ uniform(
                'order_no, case when is_one_product then 1 else item_no end',
                'product') }} ** 2.5)::bigint as product_no,
    from sold
    inner join {{ ref('sample.sellers_plan') }} as sellers
        on sellers.seller_no = sold.seller_no
)

select
    chosen.order_no,
    chosen.item_no,
    chosen.seller_no,
    chosen.product_no,
    chosen.shipping_limit_at,
    products.price,
    round((5.2 + 0.37 * sqrt(km))
        * (1 + 0.2 * products.weight_g / 1000.0 + 0.0006 * products.price)
        * exp(0.12 * {{ normal('order_no, chosen.product_no', 'freight') }}), 2)
        as freight_value,
from chosen
inner join {{ ref('sample.products_plan') }} as products
    on products.product_no = chosen.product_no
order by chosen.order_no, chosen.item_no
