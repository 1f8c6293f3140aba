{{ config(description = 'Raw table: one row per seller that ever sold.') }}
select
    {{ identifier('seller', 'sellers.seller_no') }} as seller_id,
    places.zip_code_prefix as seller_zip_code_prefix,
    places.city as seller_city,
    places.state as seller_state,
from {{ ref('sample.sellers_plan') }} as sellers
inner join {{ ref('sample.places') }} as places
    on places.place_no = sellers.place_no
where sellers.seller_no in (select seller_no from {{ ref('sample.baskets') }})
