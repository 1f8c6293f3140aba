{#
Differences of time as Spark spells them: each macro takes the place of the one
with the same name in queries/macros/time.sql where a file runs on Spark.
`spark.f(…)` calls a function of Spark that DuckDB does not have.
#}

{# Midnights passed between two dates or timestamps, as a whole number. #}
{% macro days_between(earlier, later) -%}
spark.datediff(cast({{ later }} as date), cast({{ earlier }} as date))
{%- endmacro %}

{# Hours between two timestamps, with their fraction. Whole seconds count, as
   they pass. #}
{% macro hours_between(earlier, later) -%}
(spark.timestampdiff(
            second,
            date_trunc('second', {{ earlier }}),
            date_trunc('second', {{ later }})
        ) / 3600.0)
{%- endmacro %}
