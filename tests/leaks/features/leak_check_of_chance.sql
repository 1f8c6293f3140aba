{# << in line 3 #}
{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', checks = [
    "random() < 2",
]) }}
select seller_id, 1 as x from {{ source('sellers') }}
