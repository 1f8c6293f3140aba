//! Mistakes in `config(...)` of tables, models, sources and reports, and what the data do to its promises.

use super::{Slip, check_all};

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
            &["`keys`: this key is not known", "did you mean `key`?"],
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
            &["`checks.1.expresion`: this key is not known", "did you mean `expression`?"],
        ),
        of("{x},\n    ‸checks = 'true'", &["expected a list"]),
        of("{x},\n    ‸columns = {'order_status': 'x'}", &["`columns`: this key is not known", "behind it"]),
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
        Slip::file("features/slip.sql", "‸-- nothing here\nselect 1\n", "features.slip", &["no config"]),
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
        model("'of': ['logistic',", "'of': [‸'logistics',", &["`logistics`"]),
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
        source(reviews, "files = ", "‸fils = ", &["did you mean `files`?"]),
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

#[test]
fn a_quote_too_few_or_too_many_is_shown_in_its_line() {
    let of = |config: &str, says: &[&'static str]| configured(config, ORDERS, says);
    let quote = &["a quote is missing"];
    check_all(&[
        of(
            "{x},\n    columns = {\n        ¦order_id': 'the key',\n        'order_status': 'x',\n    }",
            quote,
        ),
        of(
            "{x},\n    columns = {\n        ¦'order_id: 'the key',\n        'order_status': 'x',\n    }",
            quote,
        ),
        of(
            "{x},\n    columns = {\n        'order_id': ‸'the key,\n        'order_status': 'x',\n    }",
            quote,
        ),
        of(
            "{x},\n    columns = {\n        'order_id': ¦the key',\n        'order_status': 'x',\n    }",
            quote,
        ),
        of("{x},\n    checks = [\n        'true',\n        ‸'order_id is not null,\n    ]", quote),
        of(
            "entity = 'order', key = 'order_id',\n    description = 'the seller‸'s order'",
            &["stands between double quotes"],
        ),
        of("entity = ¦'order, key = 'order_id',\n    description = 'x'", quote),
        of(
            "{x},\n    columns = ‸{\n        'order_id': 'the key',\n    checks = ['true'],",
            &["`{` is never closed"],
        ),
        of("{x},\n    checks = ‸[\n        'true'\n    ", &["`[` is never closed", "which shows at"]),
        of("{x},\n    checks = [\n        'true'\n        ‸'1 = 1',\n    ]", &["a comma is missing"]),
    ]);
}

#[test]
fn keys_of_config_are_shown_at_their_own_place() {
    let of = |config: &str, says: &[&'static str]| configured(config, ORDERS, says);
    let model = |from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit("models/seller_churn.sql", from, to, "seller_churn", says)
    };
    let source = |from: &'static str, to: &str, says: &[&'static str]| {
        Slip::edit("queries/sources/order_reviews.sql", from, to, "x", says)
            .by("ingest --sample --orders 1500")
    };
    let whole =
        |text: &str, says: &[&'static str]| Slip::file("features/slip.sql", text, "features.slip", says);
    let config = "config(entity = 'x', key = 'x', description = 'x')";
    check_all(&[
        of("entity = 'order', description = 'x',\n    ‸key = ''", &["`key`: it is empty"]),
        of("entity = 'order', description = 'x',\n    ‸key = []", &["`key`: it is empty"]),
        of("entity = 'order', description = 'x',\n    ‸key = none", &["`key`: it is empty"]),
        of("key = 'order_id', description = 'x',\n    ‸entity = ' '", &["`entity`: it is empty"]),
        of(
            "entity = 'order', description = 'x',\n    key = [\n        'order_id',\n        ‸'order_no',\n    ]",
            &["does not return `order_no`"],
        ),
        of(
            "{x},\n    columns = {\n        'order_id': 'a',\n        ‸'order_id': 'b',\n    }",
            &["`columns.order_id` is given twice"],
        ),
        of("{x},\n    ‸key = 'order_status'", &["`key` is given twice"]),
        of("{x},\n    checks = [\n        'true',\n        ‸7,\n    ]", &["a text in quotes or {...}"]),
        whole(&format!("select 1 as x\n{{{{ ‸{config} }}}}\n"), &["at the top"]),
        whole("\n‸import pandas\n", &["no config"]),
        whole("‸", &["no config"]),
        whole(&format!("¦{{{{ {config} }}}}\n-- select 1 as x\n"), &["no query"]),
        model("    candidates = {", "    ‸candidats = {", &["did you mean `candidates`?"]),
        model("    snapshots = {", "    ‸snaphots = {", &["did you mean `snapshots`?"]),
        model("'algorithm': 'extra_trees'", "‸'algoritm': 'extra_trees'", &["did you mean `algorithm`?"]),
        model("'algorithm': 'extra_trees'", "‸'algorithm': 'k_means'", &["does not fit", "random_forest"]),
        model(
            "'of': ['logistic', 'extra_trees', 'boosting']",
            "'of': [\n                'logistic',\n                ‸'extra_tree',\n            ]",
            &["did you mean `extra_trees`?"],
        ),
        model("        'blend': {", "        ‸'extra_trees': {", &["given twice"]),
        model("'features_per_split': 12", "‸'features_per_split': 40", &["the model has 23 inputs"]),
        model(
            "exp(-orders_90d / 90.0 * (45 - recency_days))",
            "‸nullif(1.0, 1.0)",
            &["the rule", "is NULL in"],
        ),
        model("validate = 4", "inputs = ['orders_90d', '‸is_churned'], validate = 4", &["is no input"]),
        model("validate = 4", "inputs = ['‸label_known_on'], validate = 4", &["is no input"]),
        model("validate = 4", "¦inputs = 'oders_*', validate = 4", &["oders_*"]),
        source(
            "key = ['review_id', 'order_id']",
            "key = ['review_id', ‸'order']",
            &["did you mean `order_id`?"],
        ),
        source("'type': 'integer'", "‸'type': 'intger'", &["did you mean `integer`?"]),
        source("    columns = {", "    ‸static = true,\n    columns = {", &["not both"]),
        source(
            "select * from {{ raw() }}",
            "select raw.* from {{ raw() }} as raw\nleft join {{ ‸source('order_reviews') }} as r using (review_id)",
            &["circle"],
        ),
        Slip::file(
            "queries/reports/r.sql",
            "{{ config(description = 'x') }}\nselect * from {{ ‸ref('scores.seller_chrn') }}\n",
            "r",
            &["`scores.seller_churn`"],
        )
        .by("query r"),
    ]);
}
