{#
Differences and shifts of time. Engines spell these differently, so every file
of the project goes through the macros below; to move to another engine, change
them here. Arguments are SQL expressions.
#}

{# Midnights passed between two dates or timestamps, as a whole number. #}
{% macro days_between(earlier, later) -%}
date_diff('day', cast({{ earlier }} as date), cast({{ later }} as date))
{%- endmacro %}

{# The same of a step from one to the other, which takes no less than 0: where
   they are noted in the wrong order, both are of one day. #}
{% macro step_days(earlier, later) -%}
case
            when {{ later }} < {{ earlier }} then 0
            else {{ days_between(earlier, later) }}
        end
{%- endmacro %}

{# Hours between two timestamps, with their fraction. #}
{% macro hours_between(earlier, later) -%}
(date_diff('second', {{ earlier }}, {{ later }}) / 3600.0)
{%- endmacro %}

{# The date n months before d, n a whole number. #}
{% macro months_before(d, n) -%}
cast({{ d }} - interval '{{ n }}' month as date)
{%- endmacro %}

{# The date n days before d, n a whole number. #}
{% macro days_before(d, n) -%}
cast({{ d }} - interval '{{ n }}' day as date)
{%- endmacro %}

{# The date n days after d; n is a whole number or an SQL expression of one. #}
{% macro days_after(d, n) -%}
(cast({{ d }} as date) + cast({{ n }} as integer))
{%- endmacro %}

{# The day of a date or timestamp. #}
{% macro day_of(moment) -%}
cast({{ moment }} as date)
{%- endmacro %}
