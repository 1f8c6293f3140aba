{# << in line 3 #}
{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', checks = [
    "current_date > date '2017-01-01'",
]) }}
select seller_id, 1 as x from {{ source('sellers') }}
