{# Brazil's calendar: which days carriers work on. #}

{# Easter Sunday of a year as a date, by Gauss's rule with the corrections of
   Meeus (Astronomical Algorithms, 1991, chapter 8): all Gregorian years. #}
{% macro easter(year) -%}
{%- set golden = year % 19 -%}
{%- set century = year // 100 -%}
{%- set in_century = year % 100 -%}
{%- set correction = (century - (century + 8) // 25 + 1) // 3 -%}
{%- set moon = (19 * golden + century - century // 4 - correction + 15) % 30 -%}
{%- set weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - moon
    - in_century % 4) % 7 -%}
{%- set late = (golden + 11 * moon + 22 * weekday) // 451 -%}
{%- set day = moon + weekday - 7 * late + 114 -%}
date '{{ year }}-0{{ day // 31 }}-{{ '0' if day % 31 < 9 }}{{ day % 31 + 1 }}'
{%- endmacro %}

{# Brazil's national holidays of a year, and Carnival, as a list of dates. #}
{% macro holidays(year) -%}
{%- for day in ['01-01', '04-21', '05-01', '09-07', '10-12', '11-02', '11-15',
    '12-25'] %}
        date '{{ year }}-{{ day }}',
{%- endfor %}
{%- if year >= 2024 %}
        date '{{ year }}-11-20',
{%- endif %}
{# Carnival, Good Friday, Corpus Christi #}
{%- for days in [-48, -47, -2, 60] %}
        {{ days_after(easter(year), days) }}{{ '' if loop.last else ',' }}
{%- endfor %}
{%- endmacro %}

{# One row per day, from `first` to `last` days after the reference date:
   days_ahead, and is_working, 1 from Monday to Friday but for holidays, else
   0. At most a year to either side. #}
{% macro calendar(first, last) -%}
{%- set year = reference_date[6:10] | int -%}
(select
        days_ahead,
        case
            when {{ days_between("date '2001-01-01'", 'day') }} % 7 >= 5 then 0
            when day in ({{ holidays(year - 1) }},{{ holidays(year) }},
                {{- holidays(year + 1) }}
            ) then 0
            else 1
        end as is_working,
    from (
        select
            days_ahead,
            {{ days_after(reference_date, 'days_ahead') }} as day,
        from (
            select unnest(range({{ first }}, {{ last }} + 1)) as days_ahead
        ) as numbers
    ) as days)
{%- endmacro %}
