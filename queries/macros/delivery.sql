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

{# Whether a delivery, NULL where there is none yet, comes after its day. #}
{% macro is_late(delivery_day, promised_day) -%}
coalesce({{ delivery_day }}, {{ reference_date }}) > {{ promised_day }}
{%- endmacro %}

{# The day of a step, from 0, on which it ended or is now: not after the last
   day of the life table. What is noted before it began is of day 0. #}
{% macro day_of_step(from_day, to_day) -%}
greatest(0, least({{ last_step_day() }}, {{ days_between(
    from_day, 'coalesce(' ~ to_day ~ ', ' ~ days_before(reference_date, 1) ~ ')'
) }}))
{%- endmacro %}

{# Kilometres along a great circle between two rows with `lat` and `lng` in
   radians. #}
{% macro distance_km(here, there) -%}
2 * 6371 * asin(sqrt(
            power(sin(({{ there }}.lat - {{ here }}.lat) / 2), 2)
                + cos({{ here }}.lat) * cos({{ there }}.lat)
                    * power(sin(({{ there }}.lng - {{ here }}.lng) / 2), 2)
        ))
{%- endmacro %}
