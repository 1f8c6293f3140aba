{% macro planted_table() -%}
sources.order_items
{%- endmacro %}
{% macro planted_clock() -%}
current_date
{%- endmacro %}
{% macro planted_source() -%}
{{ source('order_items') }}
{%- endmacro %}
{% macro planted_outcome() -%}
(select seller_id, count(*) as later from {{ outcome('order_items') }} group by seller_id)
{%- endmacro %}
