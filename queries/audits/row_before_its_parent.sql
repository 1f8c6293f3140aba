{{ config(
    description = 'Rows that are known before the row that they belong to.',
    each = 'other',
    applies = other.has_own_moment and other.key | length == 1
        and this.key != other.key
        and other.key[0] in this.column_names,
    message = '{rows} rows are visible before the row of `' ~ other.name
        ~ '` with their `' ~ other.key | join ~ '` is',
    hint = "'known_at' of a row is the moment from which it can have been in"
        ~ ' the file',
) }}
{% set fewest_rows = 30 %}
{% set rare = 0.005 %}
with joined as (
    select
        own.*,
        parents.known_at as parent_known_at,
    from {{ outcome(this.name) }} as own
    inner join {{ outcome(other.name) }} as parents
        on parents."{{ other.key | join }}" = own."{{ other.key | join }}"
)

select
    {{ key }},
    known_at,
    parent_known_at,
from joined
{% if not this.is_static %}
where known_at < date_trunc('day', parent_known_at)
{% endif %}
qualify count(*) over () >= {{ fewest_rows }}
    and count(*) over () >= {{ rare }} * (select count(*) from joined)
