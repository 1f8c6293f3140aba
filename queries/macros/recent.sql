{# The rows of a source that became known in the days before the reference
   date: `select * from {{ recent('orders', 28) }}`. #}
{% macro recent(name, days) -%}
(from {{ source(name) }}
        where known_at >= {{ days_before(reference_date, days) }})
{%- endmacro %}

{# The same of the six months that the seller stores look back on. Orders, their
   items, payments and customers are known when bought, reviews later. #}
{% macro last_six_months(name) -%}
(from {{ source(name) }}
        where known_at >= {{ months_before(reference_date, 6) }})
{%- endmacro %}
