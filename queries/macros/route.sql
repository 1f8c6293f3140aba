{#
How far a route goes, in three words. The customer's state decides between near
and far: the south-east, the south and their neighbours are near for sellers,
who nearly all live there.
#}
{% macro reach(seller_state, customer_state) -%}
case
            when {{ seller_state }} = {{ customer_state }} then 'same state'
            when {{ customer_state }} in (
                'SP', 'RJ', 'MG', 'ES', 'PR', 'SC', 'RS', 'DF', 'GO', 'MS'
            ) then 'near'
            else 'far'
        end
{%- endmacro %}
