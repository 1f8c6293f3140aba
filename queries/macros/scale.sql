{#
How many standard deviations a value lies from the mean of all rows of the
query; 0 where all are the same. Exact to nine decimals before the division, so
that it does not depend on the order of the rows. Values up to a few thousand:
take logarithms of larger ones.
#}
{% macro standardised(x) -%}
{%- set exact = 'cast(' ~ x ~ ' as decimal(18, 9))' -%}
coalesce(
            ({{ x }} - avg({{ exact }}) over ())
                / nullif(sqrt(greatest(avg({{ exact }} * {{ exact }}) over ()
                    - power(avg({{ exact }}) over (), 2), 0)), 0),
            0
        )
{%- endmacro %}
