{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with a as (
    select seller_id, left(current_timestamp::varchar, 10) as x from {{ source('sellers') }} -- <<
)
select seller_id, x, {{ reference_date }} as current_timestamp from a
