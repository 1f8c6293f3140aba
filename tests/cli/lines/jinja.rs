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

#[test]
fn mistakes_in_tags_over_several_lines_are_shown_at_their_place() {
    let store = Slip::store;
    let from = "from {{ source('order_items') }}";
    let of = |body: &str, says: &[&'static str]| store(&format!("{body}\n{from}"), says);
    let whole =
        |text: &str, says: &[&'static str]| Slip::file("features/slip.sql", text, "features.slip", says);
    check_all(&[
        of(
            "select order_id,\n    {{ ‸rato(\n        'price',\n        'freight_value',\n    ) }} as x",
            &["rato() is not a function", "did you mean `ratio`?"],
        ),
        of(
            "select order_id,\n{% for c in ['price', 'freight_value'] %}\n    {{ ‸share(\n        c,\n        'price',\n    ) }} as x{{ loop.index }},\n{% endfor %}",
            &["1st iteration of the loop of line 3: c = 'price'"],
        ),
        of(
            "select order_id,\n    {{ ‸days_between(\n        'known_at',\n        till='known_at',\n    ) }} as x",
            &["`till`", "days_between(earlier, later)"],
        ),
        of(
            "select order_id,\n    {{ ‸hours_between(\n        'known_at',\n        'known_at',\n        3,\n    ) }} as x",
            &["too many", "hours_between(earlier, later)"],
        ),
        of("select order_id,\n    {{ ratio(\n        'price',\n        ‸whole,\n    ) }} as x", &["`whole`"]),
        of(
            "{% set all = [\n    1,\n    ‸two + 1,\n    3,\n] %}\nselect {{ all | join(', ') }}",
            &["`two` is undefined"],
        ),
        of("select {{ 'a'\n    ~ 'b'\n    ~ ‸tail }}", &["`tail` is undefined"]),
        of(
            "{% set x = ‸spred(\n    'price',\n) %}\nselect order_id, {{ x }} as x",
            &["did you mean `spread`?"],
        ),
        of("select order_id, {{ ratio(\n    'price',\n    'sum(‸freight)'\n) }} as x", &["freight_value"]),
        whole(
            "{{ ‸confg(\n    entity = 'x',\n    key = 'order_id',\n) }}\nselect 1 as order_id\n",
            &["did you mean `config`?"],
        ),
        whole(
            "{{ ‸config(\n    'order',\n    key = 'order_id',\n) }}\nselect 1 as order_id\n",
            &["key = 'seller_id'"],
        ),
    ]);
}

#[test]
fn mistakes_in_macros_of_macros_and_in_included_files_are_shown_at_their_place() {
    let config = "{{ config(entity = 'order', key = 'order_id', description = 'x') }}";
    let calls = format!(
        "{config}\nselect order_id,\n    {{{{ half('price') }}}} as x\nfrom {{{{ source('order_items') }}}}\n"
    );
    let includes = format!(
        "{config}\nselect order_id\nfrom {{{{ source('orders') }}}}\n    {{% include 'queries/parts/keep.sql' %}}\norder by order_id\n"
    );
    let slip = |file: &'static str, to: &str, beside: &str, says: &[&'static str]| {
        Slip::file(file, to, "features.slip", says).beside("features/slip.sql", beside)
    };
    let fee = "{% macro half(x) -%}\n{{ ratio(x, '2') }} + ‸fee\n{%- endmacro %}\n";
    let including = |text: &str, says: &[&'static str]| {
        Slip::file("features/slip.sql", text, "features.slip", says)
            .beside("queries/parts/keep.sql", "where order_status <> 'x' -- all")
    };
    check_all(&[
        // Whatever the order of the files.
        slip("queries/macros/a.sql", fee, &calls, &["called at features/slip.sql:3:8"]),
        slip("queries/macros/z.sql", fee, &calls, &["called at features/slip.sql:3:8"]),
        slip(
            "queries/macros/z.sql",
            "{% macro half(x) -%}\n{{ ratio(\n    x,\n    ‸two,\n) }}\n{%- endmacro %}\n",
            &calls,
            &["`two` is undefined", "called at features/slip.sql:3:8"],
        ),
        slip(
            "queries/macros/z.sql",
            "{% macro half(x) -%}\n¦{{ half(x) }}\n{%- endmacro %}\n",
            &calls,
            &["without end", "called at features/slip.sql:3:8"],
        ),
        slip(
            "queries/parts/keep.sql",
            "where order_status <> 'x'\n    and ‸status = 3",
            &includes,
            &["included at features/slip.sql:4:8"],
        ),
        slip(
            "queries/parts/keep.sql",
            "where known_at > {{ ‸since }}\n",
            &includes,
            &["`since` is undefined", "included at features/slip.sql:4:8"],
        ),
        // A comment ends the included file: what follows is not part of it.
        including(&includes.replace("by order_id", "by ‸order_idd"), &["order_id"]),
        including(
            &includes.replace("{% include 'queries/parts/keep.sql'", "{% ‸include 'features/slip.sql'"),
            &["cannot be included"],
        ),
    ]);
}

#[test]
fn what_is_never_closed_is_shown_where_it_opens() {
    let store = Slip::store;
    check_all(&[
        store("select 1,\n    ‸{# a comment\n    2", &["this comment is never closed"]),
        store("select 1,\n    ‸{% raw %}{{ 2 }}\n", &["`raw` is never closed"]),
        store("{% for x in [1] %}\n1\n{% ‸end for %}", &["did you mean `endfor`?"]),
        store("{% if true %}\n1\n{% ‸elsif false %}\n2\n{% endif %}", &["did you mean `elif`?"]),
        store("select {{ reference_date ‸}\nfrom {{ source('orders') }}", &["one `}` is missing"]),
        store("select {{ ratio(‸[\n    1,\n    (2),\n) }}", &["`[` is never closed"]),
    ]);
}

#[test]
fn names_that_are_not_there_have_the_nearest_one() {
    let store = Slip::store;
    check_all(&[
        store("{% set columns = [1] %}\nselect {{ ‸colums }}", &["did you mean `columns`?"]),
        store("{% for state in ['sp'] %}\n{{ ‸sate }}\n{% endfor %}", &["did you mean `state`?"]),
        store("select {{ ‸refernce_date }}", &["did you mean `reference_date`?"]),
        store("select * from {{ source(‸orders) }}", &["put quotes around the name: source('orders')"]),
        store("select {{ var(‸share) }}", &["put quotes around the name: var('share')"]),
        store("select {{ ‸reference_date - 7 }}", &["days_before(reference_date, 30)"]),
        store("select * from {{ ‸source('order_item') }}", &["no source `order_item`", "`order_items`"]),
        store("select * from {{ ‸source('sources.orders') }}", &["did you mean `orders`?"]),
        store("select * from {{ ‸source('invoices') }}", &["there are: closed_deals, customers"]),
        store(
            "{% set what = 'order_' ~ 'items2' %}\nselect *\nfrom {{ ‸source(what) }}",
            &["did you mean `order_items`?"],
        ),
        store(
            "{% macro of(x) %}{{ ‸ref('features.' ~ x) }}{% endmacro %}\nselect *\nfrom {{ of('seller_salez') }}",
            &["`features.seller_sales`", "called at features/slip.sql:4:9"],
        ),
        Slip::edit(
            "abt/seller_churn.sql",
            "outcome('order_items')",
            "‸outcome('order_itmes')",
            "abt.seller_churn",
            &["did you mean `order_items`?"],
        ),
    ]);
}
