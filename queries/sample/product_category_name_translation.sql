{{ config(
    description = 'Raw table: one row per category with an English name.',
) }}
select
    name as product_category_name,
    english_name as product_category_name_english,
from {{ ref('sample.categories') }}
where english_name is not null
