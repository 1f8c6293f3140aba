{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select s.seller_id, count(*) as x from {{ source('sellers') }} as s cross join generate_series({{ days_before(reference_date, 7) }}, {{ reference_date }}, interval 1 day) as d(day) group by s.seller_id
