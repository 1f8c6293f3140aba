{{ config(
    description = 'An as_of that shows the last value while more is to come.',
    each = 'column',
    applies = column.as_of is not none and not this.is_static
        and this.later_moments | length > 0,
    message = 'column `' ~ column.name ~ "`, by its 'as_of', shows in {rows}"
        ~ ' rows what they end with, before it can have been known',
    hint = 'a state whose moment is not recorded counts from the latest that'
        ~ ' it can have had: after the promised day, say',
) }}
{% set few = 0.05 %}
{# A value that no row has. #}
{% set another = "'?'" if column.type == 'VARCHAR' else 'null' %}
{% set promise %}
least(
{% for name in this.promises %}
    "{{ name }}",
{% endfor %}
    null
)
{%- endset %}
-- Rows at the first midnight after them, and at the last one that is not
-- after what was promised: there, a last value that nothing dates is still to
-- come, and another one has to give the same.
with looked_at as (
    select
        *,
        unnest(list_distinct([
            known_at::date + 1, ({{ promise }})::date
        ])) as reference_date,
        "{{ column.name }}" as last_value,
    from {{ outcome(this.name) }}
),

seen as (
    select
        *,
        ({{ column.as_of }}) as seen_value,
    from looked_at
    where known_at < reference_date
        and coalesce({{ promise }} >= reference_date, true)
),

tried as (
    select
        *,
        ({{ column.as_of }}) as of_another,
    from (select * replace ({{ another }} as "{{ column.name }}") from seen)
),

shares as (
    select
        *,
        avg((seen_value is distinct from of_another)::integer)
            over (partition by last_value) as shown_share,
    from tried
)

select
    {{ key }},
    reference_date,
    last_value,
    seen_value,
from shares
where seen_value is distinct from of_another
    and shown_share >= {{ few }}
