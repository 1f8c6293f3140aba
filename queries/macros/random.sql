{#
    Chance that comes out the same every time. A number is drawn by hashing the
    key of a row with a word that names the draw and with var('seed'), so no
    number depends on the order of rows or on the number of threads.

    The outer hash matters: DuckDB combines the hashes of several arguments so
    loosely that draws of neighbouring seeds would otherwise move together.
#}

{# uniform('seller_no, week_no', 'pause'): a DOUBLE, 0 <= x < 1 #}
{% macro uniform(key, draw) -%}
    ((hash(hash({{ key }}, '{{ draw }}', {{ var('seed', 42) }})) >> 11)
        / 9007199254740992.0)
{%- endmacro %}

{# normal('seller_no', 'size'): mean 0, standard deviation 1 (Box and Muller) #}
{% macro normal(key, draw) -%}
    (sqrt(-2 * ln(1 - {{ uniform(key, draw) }}))
        * cos(2 * pi() * {{ uniform(key, draw ~ ', angle') }}))
{%- endmacro %}

{# exponential('seller_no', 'life'): mean 1 #}
{% macro exponential(key, draw) -%}
    (-ln(1 - {{ uniform(key, draw) }}))
{%- endmacro %}

{# pick('order_no', 'kind', ['a', 'a', 'b']): one of the values; one that
   stands there twice is drawn twice as often #}
{% macro pick(key, draw, values) -%}
    ([
        {%- for value in values -%}
        {{ "'" ~ value ~ "'" if value is string else value }}
        {{- '' if loop.last else ', ' }}
        {%- endfor -%}
    ][1 + floor({{ uniform(key, draw) }} * {{ values | length }})::bigint])
{%- endmacro %}

{# identifier('order', 'order_no'): 32 hexadecimal digits, like real ids #}
{% macro identifier(kind, key) -%}
    md5(concat('{{ kind }} ', {{ key }}, ' {{ var('seed', 42) }}'))
{%- endmacro %}
