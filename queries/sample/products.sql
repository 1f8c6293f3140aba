{{ config(
    description = 'Raw table: one row per product that was ever sold; the '
        ~ 'misspelt names are the real ones.',
) }}
with sold as (
    select
        *,
        category_name is not null as is_described,
    from {{ ref('sample.products_plan') }}
    where product_no in (select product_no from {{ ref('sample.baskets') }})
)

select
    {{ identifier('product', 'product_no') }} as product_id,
    category_name as product_category_name,
    case
        when is_described then least(64, greatest(8,
            round(49 + 10 * {{ normal('product_no', 'name') }})))::integer
    end as product_name_lenght,
    case
        when is_described then least(3900, greatest(10,
            round(590 * exp(0.75 * {{ normal('product_no', 'text') }}))
        ))::integer
    end as product_description_lenght,
    case
        when is_described then {{ pick('product_no', 'photos', [
            1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5, 6, 7,
        ]) }}::integer
    end as product_photos_qty,
    weight_g::integer as product_weight_g,
    -- longer than wide, wider than high, no smaller than the carrier's box
    least(105, greatest(16, round(1.6 * edge_cm)))::integer
        as product_length_cm,
    least(105, greatest(2, round(0.7 * edge_cm)))::integer
        as product_height_cm,
    least(105, greatest(11, round(0.9 * edge_cm)))::integer
        as product_width_cm,
from sold
