{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from (
{% for table in ['order_items'] %}
    from sources.{{ table }} -- <<
{% endfor %}
)
group by seller_id
