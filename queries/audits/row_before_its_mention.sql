{{ config(
    description = 'Rows of a file that lists what another source names, early.',
    each = 'other',
    applies = not other.is_static and this.key | length == 1
        and this.key[0] in other.column_names,
    message = '{rows} rows are visible before `' ~ other.name
        ~ '` first names their `' ~ this.key | join
        ~ '`, and the file has only rows that it names',
    hint = "'known_at' of a row is the moment from which it can have been in"
        ~ ' the file',
) }}
{% set fewest_rows = 30 %}
{% set rare = 0.001 %}
with mentions as (
    select
        {{ key }},
        min(known_at) as first_named_at,
    from {{ outcome(other.name) }}
    group by all
),

named as (
    select
        own.*,
        mentions.first_named_at,
        avg((mentions.first_named_at is null)::integer) over () as never_named,
    from {{ outcome(this.name) }} as own
    left join mentions
        on mentions."{{ this.key | join }}" = own."{{ this.key | join }}"
)

select
    {{ key }},
    known_at,
    first_named_at,
from named
where never_named <= {{ rare }}
{% if this.is_static %}
    and first_named_at >= {{ reference_date }}
{% else %}
    and known_at < date_trunc('day', first_named_at)
{% endif %}
qualify count(*) over () >= {{ fewest_rows }}
