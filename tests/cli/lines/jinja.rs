//! Mistakes in Jinja, and mistakes in SQL that macros and loops made.

use super::{Slip, check_all};

#[test]
fn mistakes_in_jinja_are_shown_at_their_place() {
    let store = Slip::store;
    check_all(&[
        store("select {{ ‸referense_date }}", &["`referense_date` is undefined"]),
        store("select {{ ‸soruce('orders') }}", &["soruce() is not a function"]),
        store("‸{% for x in [1, 2] %}\nselect 1", &["never closed"]),
        store(
            "select 1\n{% if true %}\n, 2\n‸{% endfor %}"
                .replace("\n{% if", "\n‸{% if")
                .replacen("‸{% endfor", "{% endfor", 1)
                .as_str(),
            &["`if` is never closed"],
        ),
        store("select 1\n‸{% endif %}", &["closes nothing"]),
        store("select\n    ‸{{ reference_date", &["never closed"]),
        store("select {{ 'x' | ‸uper }}", &["uper"]),
        store("select\n    {{ ratio('a',\n        ‸b) }}", &["`b` is undefined"]),
        store("{% set n = ‸m + 1 %}\nselect {{ n }}", &["`m` is undefined"]),
        store("{% if ‸foo %}x{% endif %}", &["`foo` is undefined"]),
        store("select {{ ‸days_between('a') }}", &["queries/macros/time.sql:9", "argument"]),
        store("select {{ ‸ratio('a', 'b', 'c') }}", &["too many"]),
        store("select {{ ‸var('nothing') }}", &["--var nothing=VALUE"]),
        store("select order_id from {{ ‸source('order') }}", &["`orders`"]),
        store("select order_id from {{ ‸ref('features.seller_sale') }}", &["`features.seller_sales`"]),
        store("select order_id from {{ ‸outcome('orders') }}", &["outcome() shows the future"]),
        store(
            "{% for s in ['sp', 'rj', 'mg'] %}\n{% if s == 'rj' %}{{ ‸oops }}{% endif %}\n{% endfor %}",
            &["2nd iteration of the loop of line 2: s = 'rj'"],
        ),
        store(
            "{% include ‸'features/nothing.sql' %}".replace("‸'", "¦'").as_str(),
            &["non-existing template"],
        ),
        store("select {{ ‸1 / 0 }}", &[]),
        store("select {{ [1, 2][‸'x'].y }}".replace("‸", "¦").as_str(), &[]),
        store(
            "{% macro m(x) %}{{ x ~ ‸y }}{% endmacro %}\nselect {{ m(1) }}",
            &["`y` is undefined", "called at features/slip.sql:3:11"],
        ),
        store(
            "select 1 {% for a in range(9000) %}{% for b in range(9000) %}¦{{ b }}{% endfor %}{% endfor %}",
            &["does not come to an end"],
        ),
        store("¦{% macro m(x) %}{{ m(x) }}{% endmacro %}\nselect {{ m(1) }}", &["without end"]),
    ]);
}

#[test]
fn mistakes_that_come_through_macros_and_loops_are_shown_at_their_place() {
    let store = Slip::store;
    let from = "from {{ source('order_items') }}";
    let of = |body: &str, says: &[&'static str]| store(&format!("{body}\n{from}"), says);
    check_all(&[
        of(
            "select order_id,\n    {{ ratio('‸pric', 'freight_value') }} as x",
            &["within queries/macros/ratio.sql:6"],
        ),
        of(
            "select order_id,\n    {{ ratio(\n        'price',\n        'sum(‸freight)',\n    ) }} as x",
            &["freight_value"],
        ),
        of(
            "select order_id,\n{% for n in [7, 14] %}\n    ‸revenu_{{ n }} as r{{ n }},\n{% endfor %}",
            &["1st iteration of the loop of line 3: n = 7"],
        ),
        of(
            "select order_id,\n{% for c in ['price', '‸pric', 'freight_value'] %}\n    {{ c }} as x{{ loop.index }},\n{% endfor %}",
            &["called at", "2nd iteration of the loop of line 3: c = 'pric'"],
        ),
        of(
            "select order_id,\n{% for a in [1, 2] %}\n{% for b in ['x', 'y'] %}\n    price as {{ b }}{{ a }}, {{ 'price' if a == 1 else '‸pric' }} as z{{ a }}{{ b }},\n{% endfor %}\n{% endfor %}",
            &["2nd iteration of the loop of line 3: a = 2", "1st iteration of the loop of line 4: b = 'x'"],
        ),
        of(
            "{% set column = '‸pric' %}\nselect order_id, {{ column }} as x",
            &["called at features/slip.sql:3"],
        ),
        of(
            "{% set column %}\nround(\n    ‸pric\n)\n{% endset %}\nselect order_id, {{ column }} as x",
            &["called at features/slip.sql:7"],
        ),
        of(
            "{% macro twice(x) %}\n2 * {{ x }} + ‸pric\n{% endmacro %}\nselect order_id, {{ twice('price') }} as x",
            &["called at features/slip.sql:5"],
        ),
        of(
            "{% macro twice(x) %}2 * {{ x }}{% endmacro %}\nselect order_id,\n    {{ twice(ratio('‸pric', '1')) }} as x",
            &["pric"],
        ),
        of("select order_id, {{ 'PRI' | lower }} as x".replace("{{ 'PRI'", "{{ ‸'PRI'").as_str(), &["pri"]),
        of("select order_id,\n    {{ ['price', '‸pric'] | join(' + ') }} as x", &["pric"]),
        of("select order_id, {% if true %}‸pric{% endif %} as x", &["pric"]),
        of("select order_id, {% filter upper %}‸pric{% endfilter %} as x", &["PRIC"]),
        of("select order_id, {# pric #} ‸pric as x", &["pric"]),
        of("select order_id,\n    price {{- ' + ‸pric' }}   as x", &["pric"]),
        Slip::edit(
            "queries/macros/ratio.sql",
            "nullif({{ denominator }}, 0)",
            "‸nulif({{ denominator }}, 0)",
            "features.seller_sales",
            &["called at features/seller_sales.sql:", "nulif"],
        ),
        Slip::edit(
            "queries/macros/time.sql",
            "date_diff('day',",
            "date_diff({{ ‸day }},",
            "features.seller_sales",
            &["`day` is undefined", "called at features/"],
        ),
        Slip::edit(
            "queries/macros/time.sql",
            "{% macro day_of(moment) -%}",
            "‸{% macro day_of(moment -%}".replace("‸", "¦").as_str(),
            "features.seller_sales",
            &[],
        ),
        Slip::edit(
            "queries/macros/time.sql",
            "{% macro hours_between(earlier, later) -%}\n(date_diff('second', {{ earlier }}, {{ later }}) / 3600.0)\n{%- endmacro %}",
            "‸{% macro hours_between(earlier, later) -%}\n(date_diff('second', {{ earlier }}, {{ later }}) / 3600.0)",
            "features.seller_sales",
            &["never closed"],
        ),
    ]);
}
