{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
with {% for name in ['order_items', 'sellers'] %}
{{ name }} as (select * from {{ source(name) }}),
{% endfor %}
final as (select seller_id, count(*) as x from sellers inner join order_items using (seller_id) group by seller_id)
select * from final
