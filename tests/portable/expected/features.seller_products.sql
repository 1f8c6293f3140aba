
with products as (
    select * from products_as_of
),

seller_products as (
    select
        seller_id,
        product_id,
        count(*) as item_count
    from (select * from order_items_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
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
            * products.product_width_cm as volume
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
        (cast(sum(item_count) as double) / nullif(count(*), 0)) as items_per_product,
        -- Sum over the products of the squared share of the items: 1 with one
        -- product, near 0 with many alike
        (cast(sum(item_count * item_count) as double) / nullif(sum(item_count) * sum(item_count), 0)) as product_concentration,
        (sum(photo_count) / 1D / nullif(count(photo_count), 0)) as avg_photo_count,  -- Mean photos of a product
        -- Mean volume of a product: length x height x width
        (sum(volume) / 1D / nullif(count(volume), 0)) as avg_volume_cm3,
        min(volume) as min_volume_cm3,  -- Smallest volume of a product
        max(volume) as max_volume_cm3,  -- Largest volume of a product
        median(case when typeof(volume) like 'decimal%' then raise_error('the median of decimals differs: cast them to double') else volume end) as median_volume_cm3,  -- Median volume of a product
        -- Products of the category cama_mesa_banho / products
        (cast(count(*) filter (where category = 'cama_mesa_banho') as double) / nullif(count(*), 0)) as product_share_cama_mesa_banho,
        -- Products of the category beleza_saude / products
        (cast(count(*) filter (where category = 'beleza_saude') as double) / nullif(count(*), 0)) as product_share_beleza_saude,
        -- Products of the category esporte_lazer / products
        (cast(count(*) filter (where category = 'esporte_lazer') as double) / nullif(count(*), 0)) as product_share_esporte_lazer,
        -- Products of the category informatica_acessorios / products
        (cast(count(*) filter (where category = 'informatica_acessorios') as double) / nullif(count(*), 0)) as product_share_informatica_acessorios,
        -- Products of the category moveis_decoracao / products
        (cast(count(*) filter (where category = 'moveis_decoracao') as double) / nullif(count(*), 0)) as product_share_moveis_decoracao,
        -- Products of the category utilidades_domesticas / products
        (cast(count(*) filter (where category = 'utilidades_domesticas') as double) / nullif(count(*), 0)) as product_share_utilidades_domesticas,
        -- Products of the category relogios_presentes / products
        (cast(count(*) filter (where category = 'relogios_presentes') as double) / nullif(count(*), 0)) as product_share_relogios_presentes,
        -- Products of the category telefonia / products
        (cast(count(*) filter (where category = 'telefonia') as double) / nullif(count(*), 0)) as product_share_telefonia,
        -- Products of the category automotivo / products
        (cast(count(*) filter (where category = 'automotivo') as double) / nullif(count(*), 0)) as product_share_automotivo,
        -- Products of the category brinquedos / products
        (cast(count(*) filter (where category = 'brinquedos') as double) / nullif(count(*), 0)) as product_share_brinquedos,
        -- Products of the category cool_stuff / products
        (cast(count(*) filter (where category = 'cool_stuff') as double) / nullif(count(*), 0)) as product_share_cool_stuff,
        -- Products of the category ferramentas_jardim / products
        (cast(count(*) filter (where category = 'ferramentas_jardim') as double) / nullif(count(*), 0)) as product_share_ferramentas_jardim,
        -- Products of the category perfumaria / products
        (cast(count(*) filter (where category = 'perfumaria') as double) / nullif(count(*), 0)) as product_share_perfumaria,
        -- Products of the category bebes / products
        (cast(count(*) filter (where category = 'bebes') as double) / nullif(count(*), 0)) as product_share_bebes,
        -- Products of the category eletronicos / products
        (cast(count(*) filter (where category = 'eletronicos') as double) / nullif(count(*), 0)) as product_share_eletronicos
    from catalogues
    group by seller_id
)

select * from final
