{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
{% set schema = 'sources' %}
select seller_id, count(*) as x
from {{ schema }}.order_items -- <<
group by seller_id
