{#
A part of a whole, with a fraction whatever the types; NULL where the whole is 0
or either side is NULL. Arguments are SQL expressions.
#}
{% macro ratio(numerator, denominator) -%}
(cast({{ numerator }} as double) / nullif({{ denominator }}, 0))
{%- endmacro %}

{#
A part of a whole, pulled to `prior` while the whole is small: as if `weight`
more had been seen, with the prior as their share.
#}
{% macro shrunk(part, whole, prior, weight) -%}
(({{ part }} + {{ weight }} * {{ prior }}) / ({{ whole }} + {{ weight }}))
{%- endmacro %}
