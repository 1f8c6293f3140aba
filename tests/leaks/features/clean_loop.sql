{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
{% for day in range(1, 8) %}
    count(*) filter (where isodow(known_at) = {{ day }}) as day_{{ day }},
{% endfor %}
from {{ source('order_items') }} group by seller_id
