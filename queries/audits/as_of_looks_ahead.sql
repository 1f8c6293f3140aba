{{ config(
    description = 'An as_of that is another without the moments to come.',
    each = 'column',
    applies = column.as_of is not none and not this.is_static
        and this.later_moments | length > 0,
    message = 'column `' ~ column.name ~ "`, by its 'as_of', holds what became"
        ~ ' known later, in {rows} rows',
    hint = 'compare moments with `reference_date`, and nothing later',
) }}
-- Each row is looked at on the last midnights before its moments. There the
-- moments to come, and its own last value, are taken out of it.
with looked_at as (
    select
        *,
        unnest(list_distinct([
        {% for moment in this.later_moments %}
            date_trunc('day', "{{ moment.name }}")::date,
        {% endfor %}
        ])) as reference_date,
    from {{ outcome(this.name) }}
),

seen as (
    select
        *,
        ({{ column.as_of }}) as seen_value,
    from looked_at
    where known_at < reference_date
),

known as (
    select
        * replace (
        {% for moment in this.later_moments %}
            case
                when "{{ moment.name }}" < reference_date
                    then "{{ moment.name }}"
            end as "{{ moment.name }}",
        {% endfor %}
            seen_value as "{{ column.name }}"
        ),
    from seen
)

select
    {{ key }},
    reference_date,
    seen_value,
    ({{ column.as_of }}) as without_later_moments,
from known
where seen_value is distinct from ({{ column.as_of }})
