{#
Population standard deviation of whole numbers, from sums that are exact, so
that it is the same whatever the order of the rows. 0 for one value, NULL for
none.
#}
{% macro spread(x) -%}
case when count({{ x }}) > 0 then
    sqrt(greatest(avg({{ x }} * {{ x }}) - avg({{ x }}) * avg({{ x }}), 0))
end
{%- endmacro %}

{#
Sum of fractions of money, exact to twelve decimals, so that it is the same
whatever the order of the rows.
#}
{% macro exact_sum(x) -%}
cast(sum(cast({{ x }} as decimal(38, 12))) as double)
{%- endmacro %}
