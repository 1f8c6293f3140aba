{{ config(
    description = 'Raw table: one row per order with its customer; people who '
        ~ 'buy again keep their customer_unique_id.',
) }}
select
    {{ identifier('customer', 'purchases.order_no') }} as customer_id,
    {{ identifier('person', 'purchases.person_no') }} as customer_unique_id,
    places.zip_code_prefix as customer_zip_code_prefix,
    places.city as customer_city,
    places.state as customer_state,
from {{ ref('sample.purchases') }} as purchases
inner join {{ ref('sample.places') }} as places
    on places.place_no = purchases.place_no
