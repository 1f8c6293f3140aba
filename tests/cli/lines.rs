//! Planted mistakes, each with the place where it has to be shown.
//!
//! `‸` in the planted text is not part of it: it stands where the caret has to be. `¦` stands in the line that has to be
//! shown, wherever its caret is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::support::Place;

/// A mistake planted into a project.
pub struct Slip {
    pub file: &'static str,
    /// What is replaced; empty: the whole file.
    pub from: &'static str,
    pub to: String,
    pub command: Vec<&'static str>,
    /// Parts of the message.
    pub says: Vec<&'static str>,
}

const RUN: &str = "run --date 2018-06-01 --select";

impl Slip {
    /// A whole feature store, after a line with its config.
    pub fn store(body: &str, says: &[&'static str]) -> Self {
        let to = format!("{{{{ config(entity = 'order', key = 'order_id', description = 'x') }}}}\n{body}\n");
        Self::file("features/slip.sql", &to, "features.slip", says)
    }

    pub fn file(file: &'static str, to: &str, select: &'static str, says: &[&'static str]) -> Self {
        Self::edit(file, "", to, select, says)
    }

    pub fn edit(
        file: &'static str,
        from: &'static str,
        to: &str,
        select: &'static str,
        says: &[&'static str],
    ) -> Self {
        let mut command: Vec<&str> = RUN.split(' ').collect();
        command.push(select);
        Self { file, from, to: to.to_owned(), command, says: says.to_vec() }
    }

    pub fn by(mut self, command: &'static str) -> Self {
        self.command = command.split(' ').collect();
        self
    }

    /// Plants it, runs the command, takes it out again; gives what is wrong with the message.
    fn check(&self, place: &Place) -> Result<(), String> {
        let before = place.path(self.file).exists().then(|| place.read(self.file));
        let planted = if self.from.is_empty() {
            self.to.clone()
        } else {
            let text = before.clone().unwrap();
            assert!(text.contains(self.from), "`{}` is not in {}", self.from, self.file);
            text.replacen(self.from, &self.to, 1)
        };
        let at = planted.find(['‸', '¦']).unwrap_or_else(|| panic!("no place in: {planted}"));
        let ahead = planted[..at].strip_prefix('\u{feff}').unwrap_or(&planted[..at]);
        let line = ahead.matches('\n').count() + 1;
        let column = ahead.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let exact = planted[at..].starts_with('‸');
        let expected = if exact {
            format!("--> {}:{line}:{column}", self.file)
        } else {
            format!("--> {}:{line}", self.file)
        };
        place.write(self.file, planted.replace(['‸', '¦'], ""));
        let ran = place.olist(&self.command);
        match before {
            Some(text) => place.write(self.file, text),
            None => std::fs::remove_file(place.path(self.file)).unwrap(),
        }
        let found = ran.stderr.find(&expected).map(|at| &ran.stderr[at + expected.len()..]);
        let is_there = found.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        if !is_there {
            return Err(format!("expected {expected}, found:\n{}", ran.stderr));
        }
        if let Some(missing) = self.says.iter().find(|part| !ran.stderr.contains(**part)) {
            return Err(format!("`{missing}` is not in:\n{}", ran.stderr));
        }
        if ran.stderr.contains("panicked") || ran.stderr.contains("Stack Trace") {
            return Err(format!("a panic or a trace:\n{}", ran.stderr));
        }
        if ![1, 2].contains(&ran.code) {
            return Err(format!("exit code {}:\n{}", ran.code, ran.stderr));
        }
        Ok(())
    }
}

/// Plants all of them, on all cores.
#[track_caller]
pub fn check_all(slips: &[Slip]) {
    let next = AtomicUsize::new(0);
    let misses = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let place = Place::with_sample();
                while let Some(slip) = slips.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = slip.check(&place) {
                        misses.lock().unwrap().push(format!("{}\n{why}", slip.to));
                    }
                }
            });
        }
    });
    let misses = misses.into_inner().unwrap();
    assert!(
        misses.is_empty(),
        "{} of {} are not shown at their place:\n\n{}",
        misses.len(),
        slips.len(),
        misses.join("\n----\n")
    );
}

#[test]
fn mistakes_in_sql_are_shown_at_their_place() {
    let store = Slip::store;
    check_all(&[
        store(
            "select\n    order_id,\n    ‸order_statu\nfrom {{ source('orders') }}",
            &["order_status", "2018-06-01"],
        ),
        store("select\n    order_id,\n    ‸o.statu\nfrom {{ source('orders') }} as o", &["statu"]),
        store("select\n    order_id,\n    ‸sun(1) as x\nfrom {{ source('orders') }}", &["sun", "sum"]),
        store("select order_id\nfrom {{ source('orders') }}\nwhere\n    ‸order_dat > 3", &["order_dat"]),
        store("select order_id\n¦form {{ source('orders') }}", &["syntax error"]),
        store(
            "select order_id,,‸\nfrom {{ source('orders') }}".replace(",,‸", ",‸,").as_str(),
            &["syntax error"],
        ),
        store("select\n    coalesce‸(order_id, 'x' as order_id\nfrom {{ source('orders') }}", &["("]),
        store(
            "select\n    (order_id‸)) as order_id\nfrom {{ source('orders') }}"
                .replace("‸))", ")‸)")
                .as_str(),
            &[")"],
        ),
        store("select\n    order_id,\n    ‸'abc as x\nfrom {{ source('orders') }}", &["'"]),
        store("select order_id\nfrom ‸sources.ordrs", &["ordrs", "orders"]),
        store("select order_id\nfrom {{ source('orders') }}‸;", &["syntax error"]),
        store("select order_id\nfrom {{ source('orders') }}\norder ‸boo order_id", &["syntax error"]),
        store(
            "with a as (\n    select order_id from {{ source('orders') }}\n)\n\nselect order_id from ‸aa",
            &["aa"],
        ),
        store("select order_id\nfrom {{ source('orders') }}\ngroup by ‸order_idd", &["order_idd"]),
        store(
            "select order_id, ‸order_status\nfrom {{ source('orders') }}\ngroup by order_id",
            &["GROUP BY"],
        ),
        store("select order_id\nfrom {{ source('orders') }}\nwhere ‸sum(1) > 2", &["WHERE"]),
        store(
            "select a.order_id\nfrom {{ source('orders') }} as a\njoin {{ source('order_items') }} as b on ‸order_id = 'x'",
            &["mbiguous"],
        ),
        store(
            "select order_id, ‸order_id + interval 1 day as x\nfrom {{ source('orders') }}"
                .replace("‸order_id +", "order_id ‸+")
                .as_str(),
            &[],
        ),
        store(
            "select order_id, ‸date_diff('day', order_id, 3) as x\nfrom {{ source('orders') }}",
            &["date_diff"],
        ),
        store(
            "select order_id, ‸order_id::integer as x\nfrom {{ source('orders') }}"
                .replace("‸order_id::", "order_id‸::")
                .as_str(),
            &["Could not convert"],
        ),
        store(
            "select order_id,\n    ‸cast(order_status as date) as x\nfrom {{ source('orders') }}",
            &["invalid date"],
        ),
        store(
            "select order_id,\n    é as ação, ‸statu\nfrom (select order_id, 1 as é from {{ source('orders') }})",
            &["statu"],
        ),
        store("select order_id,\n\t\t'ã' || ‸statu as x\nfrom {{ source('orders') }}", &["\t\t       ^"]),
        store("select order_id from {{ source('orders') }}\nunion all\n‸select 1, 2", &["same number"]),
        store("select order_id, ‸x.y from {{ source('orders') }}", &["x"]),
        store("select distinct on (‸foo) order_id from {{ source('orders') }}", &["foo"]),
        store(
            "select order_id, row_number() over (order by ‸foo) as n from {{ source('orders') }}",
            &["foo"],
        ),
        store("select order_id, case when true then 1 ‸as x\nfrom {{ source('orders') }}", &["syntax error"]),
        store(
            "select order_id\nfrom {{ source('orders') }}\nwhere order_id in (select ‸x from {{ source('order_items') }})",
            &["x"],
        ),
        store("select order_id, 1 as x from {{ source('orders') }} ‸order", &[]),
        store("select order_id, count(*) over () / ‸'x' as y\nfrom {{ source('orders') }}", &["x"]),
        store(
            "with a as ‸(\n    select order_id\n    from {{ source('orders') }}\n\nselect order_id from a",
            &[],
        ),
    ]);
}

#[test]
fn mistakes_while_the_rows_are_made_are_shown_at_their_place() {
    let store = Slip::store;
    check_all(&[
        store("select order_id, 1 as one,\n    ‸2147483647::int * order_item_id::int as x\nfrom {{ source('order_items') }}".replace("‸2147483647::int *", "2147483647::int ‸*").as_str(), &["verflow"]),
        store("select order_id,\n    ‸error('no ' || order_id) as x\nfrom {{ source('orders') }}", &["no "]),
        store("select order_id,\n    (‸select i.order_id from {{ source('order_items') }} as i) as x\nfrom {{ source('orders') }}".replace("(‸select", "(‸select").as_str(), &["one row"]),
        store("select order_id,\n    ‸strptime(order_status, '%Y') as x\nfrom {{ source('orders') }}", &["parse"]),
        store("with a as (select order_id, order_status from {{ source('orders') }}),\n\nb as (\n    select order_id\n    from a\n    where order_status‸::int > 3\n)\n\nselect * from b", &["Could not convert"]),
        store("select order_id, 300 + order_item_id as n,\n    (300 + order_item_id)‸::tinyint as x\nfrom {{ source('order_items') }}", &["range"]),
        store("select order_id,\n    date '9999-12-31' + (¦order_item_id::int * 2000000000)::int as x\nfrom {{ source('order_items') }}", &[]),
        store("select order_id,\n    ‸regexp_matches(order_id, '(' || order_id) as x\nfrom {{ source('orders') }}", &[")"]),
        store("select order_id, repeat('x', 3) as y,\n    ‸factorial(order_item_id::int + 100) as x\nfrom {{ source('order_items') }}", &["range"]),
    ]);
}

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
        store("select {{ 'x' | ‸uper }}".replace("| ‸uper", "| ‸uper").as_str(), &["uper"]),
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

/// A feature store with this config; `{x}` stands for what every one needs.
fn configured(config: &str, body: &str, says: &[&'static str]) -> Slip {
    let needed = "entity = 'order', key = 'order_id', description = 'x'";
    let to = format!("{{{{ config(\n    {}\n) }}}}\n{body}\n", config.replace("{x}", needed));
    Slip::file("features/slip.sql", &to, "features.slip", says)
}

const ORDERS: &str = "select order_id, order_status\nfrom {{ source('orders') }}";

#[test]
fn mistakes_in_config_are_shown_at_their_place() {
    let of = |config: &str, says: &[&'static str]| configured(config, ORDERS, says);
    check_all(&[
        of("{x},\n    ‸desciption = 'y'", &["`desciption`", "`description`"]),
        of(
            "entity = 'order',\n    ‸keys = 'order_id',\n    description = 'keys'",
            &["`key` is missing", "there is `keys`"],
        ),
        of("entity = 'order', description = 'the key',\n    ‸key = 3", &["found the number 3"]),
        of(
            "entity = 'order', description = 'key',\n    key = [\n        'order_id',\n        ‸3,\n    ]",
            &["found the number 3"],
        ),
        of(
            "{x},\n    checks = [\n        'order_id is not null',\n        '‸order_i is not null',\n    ]",
            &["order_i"],
        ),
        of(
            "{x},\n    checks = [\n        'true',\n        '‸order_status = 1',\n    ]",
            &["a check does not work"],
        ),
        of(
            "{x},\n    checks = [\n        'order_id is not null',\n        '‸order_status = \"x\"',\n    ]"
                .replace("'‸order_status = \"x\"'", "'order_status = ‸\"x\"'")
                .as_str(),
            &["x"],
        ),
        of(
            "{x},\n    checks = [\n        'true',\n        '‸length(order_status) < 4',\n    ]",
            &["check failed", "for example"],
        ),
        of(
            "{x},\n    checks = [\n        {'expression': 'true', ‸'severty': 'warn'},\n    ]",
            &["`severity`"],
        ),
        of("{x},\n    checks = [\n        {'expression': 'true', ‸'severity': 'wran'},\n    ]", &["`wran`"]),
        of(
            "{x},\n    checks = [\n        {'expression': 'true'},\n        {‸'expresion': 'true'},\n    ]",
            &["`expression` is missing"],
        ),
        of("{x},\n    ‸checks = 'true'", &["expected a list"]),
        of("{x},\n    columns = {\n        ‸'order_status': 4,\n    }", &["a text that describes"]),
        of("{x},\n    ‸columns = 'order_status'", &["expected {...}"]),
        of("entity = 'order', description = 'x',\n    ‸key = 'order_idd'", &["does not return `order_idd`"]),
        of(
            "entity = 'order', description = 'key',\n    ‸key = 'order_status'",
            &["not unique", "for example"],
        ),
        configured(
            "entity = 'key', description = 'x',\n    ‸key = 'order_id'",
            "select null::varchar as order_id",
            &["no key"],
        ),
        configured(
            "{x}",
            "select order_id,\n    order_status as a,\n    order_status as ‸a\nfrom {{ source('orders') }}",
            &["two columns `a`"],
        ),
        configured(
            "{x}",
            "select order_id,\n    known_at::date as ‸reference_date\nfrom {{ source('orders') }}",
            &["by itself"],
        ),
        of("entity = 'order', key = 'order_id',\n    description = ‸me", &["undefined"]),
        Slip::file("features/slip.sql", "¦-- nothing here\nselect 1\n", "features.slip", &["no config"]),
        Slip::file(
            "features/slip.sql",
            "{{ config(entity = 'x', key = 'x', description = 'x') }}\n{{ ‸config(key = 'x') }}\nselect 1 as x\n",
            "features.slip",
            &["once in a file"],
        ),
    ]);
}

#[test]
fn mistakes_in_models_abts_and_sources_are_shown_at_their_place() {
    let model = |from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit("models/seller_churn.sql", from, to, "seller_churn", says)
    };
    let abt = |from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit("abt/seller_churn.sql", from, to, "abt.seller_churn", says)
    };
    let source = |file: &'static str, from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit(file, from, to, "x", says).by("ingest --sample --orders 1500")
    };
    let reviews = "queries/sources/order_reviews.sql";
    check_all(&[
        model("45 - recency_days))", "45 - ‸recency))", &["recency_days"]),
        model("exp(-orders_90d / 90.0 * (45 - recency_days))", "‸orders_90d + 7.0", &["no probability"]),
        model("exp(-orders_90d / 90.0 * (45 - recency_days))", "‸error(chr(65))::double", &["fails"]),
        model("'trees': 120", "‸'tree': 120", &["`trees`"]),
        model("'min_samples_leaf': 12", "‸'min_samples_leaf': 'few'", &["min_samples_leaf"]),
        model("'alpha': 30.0", "‸'alpha': -1", &["alpha"]),
        model("'algorithm': 'extra_trees'", "‸'algorithm': 'extra_tree'", &["extra_trees"]),
        model("'of': ['logistic',", "‸'of': ['logistics',", &["`logistics`"]),
        model("metric = 'roc_auc'", "‸metric = 'roc'", &["roc_auc"]),
        model("label = 'is_churned'", "‸label = 'churned'", &["`churned`"]),
        model("validate = 4", "‸validate = 99", &["from 1 to 24"]),
        model("'every': 'month'", "‸'every': 'moon'", &["moon"]),
        model("'from': '2017-03-01'", "‸'from': '2017-02-30'", &["2017-02-30"]),
        model("task = 'binary'", "‸task = 'binar'", &["binary"]),
        model("validate = 4", "inputs = ['recency_days', '‸oders_*'], validate = 4", &["oders_*"]),
        model("validate = 4", "slices = {'new': '‸tenure < 9'}, validate = 4", &["slice `new`"]),
        model("        orders_90d,\n", "        'x' || orders_90d as ‸orders_text,\n", &["not a number"]),
        model("        orders_90d,\n", "        nullif(orders_90d, 3) as ‸orders_90d,\n", &["is NULL in"]),
        model("ref('abt.seller_churn')", "‸source('orders')", &["use ref('abt.…')"]),
        model("ln(product_count)", "ln(‸products)", &["product_count"]),
        abt("label = 'is_churned'", "‸label = 'is_churnd'", &["is_churnd"]),
        abt("'horizon_days between 1 and 45'", "'‸horizon_days between 2 and 3'", &["check failed"]),
        source(
            reviews,
            "known_at = 'review_answer_timestamp'",
            "known_at = '‸review_answer'",
            &["review_answer"],
        ),
        source(
            reviews,
            "'known_at': 'review_answer_timestamp'",
            "'known_at': '‸review_answer'",
            &["`known_at` of"],
        ),
        source(reviews, "files = ", "‸fils = ", &["`files` is missing"]),
        source(reviews, "select * from {{ raw() }}", "select *, ‸nothing from {{ raw() }}", &["nothing"]),
        source(
            reviews,
            "review_answer_timestamp < review_creation_date",
            "‸review_answer < review_creation_date",
            &["odd"],
        ),
        source(reviews, "'type'", "‸'typ'", &["type"]),
        source("queries/sample/orders.sql", "select", "select ‸nothing,", &["nothing"]),
        Slip::file(
            "queries/reports/r.sql",
            "{{ config(description = 'x') }}\nselect ‸scor from {{ ref('scores.seller_churn') }}\n",
            "r",
            &["score"],
        )
        .by("query r"),
        Slip::file(
            "queries/reports/r.sql",
            "{{ config(‸descripton = 'x') }}\nselect 1\n",
            "r",
            &["description"],
        )
        .by("query r"),
    ]);
}
