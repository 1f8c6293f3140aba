{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: the products of those orders, each once.
    ',
    checks = [
        'product_count > 0',
        'category_count <= product_count',
        'product_concentration > 0 and product_concentration <= 1',
        'min_volume_cm3 <= max_volume_cm3',
    ],
) }}
{% set categories = [
    'cama_mesa_banho', 'beleza_saude', 'esporte_lazer',
    'informatica_acessorios', 'moveis_decoracao', 'utilidades_domesticas',
    'relogios_presentes', 'telefonia', 'automotivo', 'brinquedos',
    'cool_stuff', 'ferramentas_jardim', 'perfumaria', 'bebes', 'eletronicos',
] %}
with products as (
    select * from {{ source('products') }}
),

seller_products as (
    select
        seller_id,
        product_id,
        count(*) as item_count,
    from {{ last_six_months('order_items') }}
    group by seller_id, product_id
),

catalogues as (
    select
        seller_products.seller_id,
        seller_products.item_count,
        products.product_category_name as category,
        products.product_photos_qty as photo_count,
        products.product_length_cm
            * products.product_height_cm
            * products.product_width_cm as volume,
    from seller_products
    left join products
        on products.product_id = seller_products.product_id
),

final as (
    select
        seller_id,
        count(*) as product_count,  -- Distinct products sold
        -- Distinct categories of these products
        count(distinct category) as category_count,
        -- Items / distinct products
        {{ ratio('sum(item_count)', 'count(*)') }} as items_per_product,
        -- Sum over the products of the squared share of the items: 1 with one
        -- product, near 0 with many alike
        {{ ratio(
            'sum(item_count * item_count)', 'sum(item_count) * sum(item_count)'
        ) }} as product_concentration,
        avg(photo_count) as avg_photo_count,  -- Mean photos of a product
        -- Mean volume of a product: length x height x width
        avg(volume) as avg_volume_cm3,
        min(volume) as min_volume_cm3,  -- Smallest volume of a product
        max(volume) as max_volume_cm3,  -- Largest volume of a product
        median(volume) as median_volume_cm3,  -- Median volume of a product
    {% for category in categories %}
        -- Products of the category {{ category }} / products
        {{ ratio(
            "count(*) filter (where category = '" ~ category ~ "')",
            'count(*)',
        ) }} as product_share_{{ category }},
    {% endfor %}
    from catalogues
    group by seller_id
)

select * from final
