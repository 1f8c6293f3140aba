{# << in line 3 #}
{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', checks = [
    "x <= (select count(*) from sources.order_items)",
]) }}
select seller_id, 1 as x from {{ source('sellers') }}
