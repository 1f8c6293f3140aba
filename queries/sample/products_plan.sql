{{ config(
    description = 'One row per product in a catalogue, sold or not.',
) }}
with products as (
    select
        seller_no,
        price_level,
        category_no as main_category_no,
        first_product_no + unnest(generate_series(0, catalogue_size - 1))
            as product_no,
    from {{ ref('sample.sellers_plan') }}
),

-- Four of five products are of the seller's own trade.
sorted as (
    select
        products.*,
        case
            when {{ uniform('product_no', 'own trade') }} < 0.8
                then main_category_no
            else slots.category_no
        end as category_no,
    from products
    inner join {{ ref('sample.slots') }} as slots
        on slots.slot
            = floor(1000 * {{ uniform('product_no', 'category') }})::bigint
),

measured as (
    select
        product_no,
        seller_no,
        categories.category_no,
        case
            when {{ uniform('product_no', 'unsorted') }} >= 0.02
                then categories.name
        end as category_name,
        -- what is heavier than its like is dearer, too; prices end in ninety
        greatest(4, round(0.95 * price_brl * exp(0.3 * price_level
            + 0.35 * {{ normal('product_no', 'weight') }}
            + 0.75 * {{ normal('product_no', 'price') }}))) + 0.9 as price,
        least(30000, greatest(50, round(0.85 * weight_g
            * exp(1.15 * {{ normal('product_no', 'weight') }}), -1)))::bigint
            as weight_g,
    from sorted
    inner join {{ ref('sample.categories') }} as categories
        on categories.category_no = sorted.category_no
)

select
    *,
    -- the edge of a cube that holds it
    (9.5 * weight_g * exp(0.4 * {{ normal('product_no', 'bulk') }}))
        ** (1 / 3.0) as edge_cm,
from measured
