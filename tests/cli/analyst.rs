//! An analyst edits SQL files: what takes effect, and what a slip looks like.

use super::support::Place;

const DATE: [&str; 3] = ["run", "--date", "2018-06-01"];

#[test]
fn a_new_column_reaches_its_table() {
    let place = Place::with_sample();
    place.edit(
        "features/seller_reviews.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select\n        seller_id,\n        42 as answer,",
    );
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.seller_reviews"]).code(0).says(&[
        "features.seller_reviews         1 date  its SQL changed",
        "features.seller_reviews: new column answer",
        "column `answer` has no text",
    ]);
    assert_eq!(
        place.cell(
            "select distinct answer from features.seller_reviews where reference_date = date '2018-06-01'"
        ),
        "42"
    );
    place.edit("features/seller_reviews.sql", "\n        42 as answer,", "");
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "features.seller_reviews"])
        .code(0)
        .says(&["removed column answer"]);
}

#[test]
fn a_comment_or_layout_rebuilds_nothing() {
    let place = Place::with_sample();
    place.edit(
        "features/seller_reviews.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select -- the seller\n\n        seller_id,",
    );
    place.olist(&DATE).code(0).says(&["nothing to do"]);
}

#[test]
fn an_edit_rebuilds_what_depends_on_it_and_says_why() {
    let place = Place::with_sample();
    place.edit(
        "features/seller_reviews.sql",
        "final as (\n    select\n        seller_id,",
        "final as (\n    select\n        seller_id,\n        42 as answer,",
    );
    let ran = place.olist(&DATE).code(0).says(&[
        "its SQL changed",
        "features.seller_reviews changed",
        "seller_churn: version 2, features/seller_reviews.sql changed since version 1",
    ]);
    assert!(!ran.stderr.contains("features.seller_sales "), "{}", ran.stderr);
}

#[test]
fn a_new_file_is_a_new_table() {
    let place = Place::with_sample();
    place.write(
        "features/seller_state.sql",
        "{{ config(\n    entity = 'seller',\n    key = 'seller_id',\n    description = 'One row per seller.',\n    \
         checks = ['is_in_sp in (0, 1)'],\n) }}\n\
         select\n    seller_id,\n    (seller_state = 'SP')::int as is_in_sp,  -- 1 in the state of Sao Paulo\nfrom {{ source('sellers') }}\n",
    );
    place.olist(&DATE).code(0).says(&["features.seller_state           1 date  new"]);
    let comment =
        "select comment from duckdb_columns() where table_name = 'seller_state' and column_name = 'is_in_sp'";
    assert_eq!(place.cell(comment), "1 in the state of Sao Paulo");
    assert_eq!(
        place.cell("select count(*) > 0 from features.seller_state where reference_date = date '2018-06-01'"),
        "true"
    );
}

#[test]
fn variables_come_from_the_command_line() {
    let place = Place::with_sample();
    place.write(
        "features/v.sql",
        "{{ config(entity = 'x', key = 'x', description = 'x') }}\nselect {{ var('wanted') }} as x\n",
    );
    let run = ["run", "--date", "2018-06-01", "--select", "features.v"];
    place.olist(&run).code(2).says(&[
        "features/v.sql:2:11",
        "var('wanted') has no value",
        "--var wanted=VALUE",
    ]);
    place.olist(&[&run[..], &["--var", "wanted=7"]].concat()).code(0);
    assert_eq!(place.cell("select x from features.v"), "7");
}

#[test]
fn render_prints_what_runs() {
    let place = Place::with_project();
    place.write("features/v.sql", "{{ config(entity = 'x', key = 'x', description = 'x') }}\nselect order_id as x\nfrom {{ source('orders') }}\nwhere 1 < {{ days_between('a', reference_date) }}\n");
    place.olist(&["render", "features/v.sql", "--date", "2018-01-01"]).code(0).prints(
        "select order_id as x\nfrom sources.orders_as_of(date '2018-01-01')\nwhere 1 < date_diff('day', cast(a as date), cast(date '2018-01-01' as date))\n",
    );
    place
        .olist(&["render", "features/w.sql", "--date", "2018-01-01"])
        .code(2)
        .says(&["there is no file `features/w.sql`", "did you mean `features/v.sql`?"]);
}

/// Writes a feature store with this body, runs it, and expects these words.
#[track_caller]
fn slip(body: &str, code: i32, parts: &[&str]) {
    let place = Place::with_sample();
    place.write(
        "features/slip.sql",
        format!("{{{{ config(entity = 'order', key = 'order_id', description = 'x') }}}}\n{body}"),
    );
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.slip"]).code(code).says(parts);
}

#[test]
fn a_misspelt_column_is_shown_at_its_line() {
    let body = "select\n    order_id,\n    order_statu\nfrom {{ source('orders') }}\n";
    slip(
        body,
        2,
        &[
            "features/slip.sql:4:5 (reference date 2018-06-01)",
            "4 |     order_statu\n  |     ^",
            "order_status",
        ],
    );
}

#[test]
fn a_misspelt_column_inside_a_loop_is_shown_at_its_line() {
    let body = "select\n    order_id,\n{% for n in [1, 2] %}\n    order_statu || {{ n }} as s{{ n }},\n{% endfor %}\nfrom {{ source('orders') }}\n";
    slip(body, 2, &["features/slip.sql:5:5", "order_statu"]);
}

#[test]
fn a_syntax_error_is_shown_at_its_line() {
    slip("select\n    order_id\nform {{ source('orders') }}\n", 2, &["features/slip.sql:4:", "syntax error"]);
}

#[test]
fn a_value_that_cannot_be_converted_is_shown_at_its_line() {
    slip(
        "select order_id,\n    order_id::integer as number\nfrom {{ source('orders') }}\n",
        1,
        &["features/slip.sql:3:", "Could not convert string"],
    );
}

#[test]
fn an_unknown_source_or_table_is_named() {
    slip(
        "select order_id\nfrom {{ source('order') }}\n",
        2,
        &["there is no source `order`", "features/slip.sql:3:9", "did you mean `orders`?"],
    );
    slip(
        "select order_id\nfrom {{ ref('features.seller_sale') }}\n",
        2,
        &[
            "there is no table `features.seller_sale`",
            "features/slip.sql:3",
            "did you mean `features.seller_sales`?",
        ],
    );
    slip(
        "select order_id\nfrom {{ ref('seller_sales') }}\n",
        2,
        &["features/slip.sql:3:9", "ref('features.seller_sales')"],
    );
    slip("select order_id\nfrom {{ ref('abt.seller_churn') }}\n", 2, &["this file may refer to features"]);
}

#[test]
fn the_future_is_closed_to_features() {
    slip(
        "select order_id\nfrom {{ outcome('orders') }}\n",
        2,
        &["features/slip.sql:3:9", "outcome() shows the future"],
    );
}

#[test]
fn mistakes_of_jinja_are_shown_at_their_line() {
    slip("select {{ referense_date }}\n", 2, &["features/slip.sql:2:11", "`referense_date` is undefined"]);
    slip(
        "select {{ soruce('orders') }}\n",
        2,
        &["features/slip.sql:2:11", "soruce() is not a function or macro"],
    );
    slip("{% for x in [1, 2] %}\nselect 1\n", 2, &["features/slip.sql:"]);
    slip("select {{ days_between('a') }}\n", 2, &["queries/macros/time.sql:"]);
    slip(
        "select {% for a in range(9000) %}{% for b in range(9000) %}{{ b }}{% endfor %}{% endfor %}\n",
        2,
        &["does not come to an end"],
    );
}

#[test]
fn a_key_that_is_not_unique_or_null_is_refused() {
    slip(
        "select 'a' as order_id from range(3)\n",
        1,
        &["the key (\"order_id\") is not unique: 3 rows, 1 keys", "for example a 3"],
    );
    slip("select null::varchar as order_id\n", 1, &["1 of 1 rows have no key"]);
    slip("select 1 as other\n", 2, &["the query does not return `order_id`"]);
    slip(
        "select 1 as order_id, date '2018-01-01' as reference_date\n",
        2,
        &["olist puts it in front by itself"],
    );
}

#[test]
fn config_is_strict() {
    let place = Place::with_sample();
    let config = |text: &str| {
        place.write("features/slip.sql", format!("{text}\nselect 1 as x\n"));
        place.olist(&["run", "--date", "2018-06-01", "--select", "features.slip"]).code(2)
    };
    config("").says(&["this file has no config", "features/slip.sql:2:1"]);
    config("{{ config(entity = 'x', kee = 'x', description = 'x') }}")
        .says(&["config `kee`: this key is not known", "did you mean `key`?"]);
    config("{{ config(entity = 'x', key = 'x',\n    descripton = 'x', description = 'x') }}").says(&[
        "config `descripton`: this key is not known",
        "features/slip.sql:2:5",
        "did you mean `description`?",
    ]);
    config("{{ config(entity = 'x', key = 3, description = 'x') }}")
        .says(&["config `key`: expected a list of texts, found the number 3"]);
    config("{{ config(entity = 'x', key = 'x', description = 'x', checks = [{'expression': 'x > 0', 'severity': 'wran'}]) }}").says(&["`wran` is not known"]);
    config("{{ config(entity = 'x', key = 'x', description = 'x', checks = ['y > 0']) }}")
        .says(&["a check does not work", "features/slip.sql:1"]);
}

#[test]
fn circles_are_shown() {
    let place = Place::with_sample();
    let head =
        "{{ config(entity = 'x', key = 'x', description = 'x') }}\nselect 1 as x from {{ ref('features.";
    place.write("features/one.sql", format!("{head}two') }}}}\n"));
    place.write("features/two.sql", format!("{head}one') }}}}\n"));
    place.olist(&DATE).code(2).says(&[
        "tables refer to each other in a circle: features.one -> features.two -> features.one",
        "features/one.sql:2",
    ]);
}

#[test]
fn a_warning_check_lets_the_partition_pass() {
    let place = Place::with_sample();
    place.write(
        "features/w.sql",
        "{{ config(entity = 'x', key = 'x', description = 'x', checks = [{'expression': 'y < 2', 'severity': 'warn'}]) }}\n\
         select x, x as y from range(4) as t(x)\n",
    );
    place
        .olist(&["run", "--date", "2018-06-01", "--select", "features.w"])
        .code(0)
        .says(&["warning: check failed for 2 of 4 rows: y < 2", "for example 2, 3"]);
    assert_eq!(place.cell("select count(*) from features.w"), "4");
}

#[test]
fn reports_are_queries_with_a_name() {
    let place = Place::with_sample();
    let ran =
        place.olist(&["query", "seller_churn_to_call", "--date", "2018-06-01", "--format", "csv"]).code(0);
    assert!(ran.stdout.lines().count() > 50, "{}", ran.stdout);
    let newest = place.olist(&["query", "seller_churn_to_call", "--format", "csv"]).code(0);
    assert_eq!(newest.stdout, ran.stdout);
    let unbuilt = ["query", "seller_churn_to_call", "--date", "2018-05-07"];
    place
        .olist(&unbuilt)
        .code(1)
        .says(&["is not built at 2018-05-07", "`olist run --date 2018-05-07` builds it"]);
    place.olist(&["query", "select 1", "--date", "2018-06-01"]).code(2).says(&[
        "--date goes with a report, and this is SQL",
        "the reports are: deals_to_help, orders_to_rescue,",
    ]);
    let near = ["query", "seller_churn_to_cal", "--date", "2018-06-01"];
    place.olist(&near).code(2).says(&[
        "there is no report `seller_churn_to_cal`",
        "did you mean `seller_churn_to_call`? the reports are: ",
    ]);
    place.olist(&["query", "nope"]).code(2).says(&["there is no report `nope`", "seller_segments_profile"]);
}

#[test]
fn queries_only_read() {
    let place = Place::with_sample();
    place.write("secret.csv", "a\n1\n");
    for sql in [
        "delete from features.seller_sales",
        "copy (select 1) to 'written.csv'",
        "attach 'written.duckdb'",
        "export database 'written'",
        "from 'secret.csv'",
    ] {
        place.olist(&["query", sql]).code(2).says(&["`olist query` only reads the database", "csv > FILE"]);
    }
    place.olist(&["query", "set enable_external_access = true"]).code(2);
    let names = || std::fs::read_dir(place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!names().any(|name| name.to_str().unwrap().contains("written")));
    place.olist(&["query", "select 1; select 2"]).code(2).says(&["one query at a time"]);
    place.olist(&["query", "select ';' as a; -- done"]).code(0).prints("a\n;\n");
    for nothing in ["", " ; ", "/* nothing */"] {
        place.olist(&["query", nothing]).code(2).says(&["the query is empty"]);
    }
    place
        .olist(&["query", "select recency from features.seller_sales"])
        .code(2)
        .says(&["query:1:8", "recency_days"]);
    place
        .olist(&["query", "select 1 as a, null as b, 'x' as c", "--format", "json"])
        .code(0)
        .prints("[\n  {\"a\":1,\"b\":null,\"c\":\"x\"}\n]\n");
    let endless = "select 'nan'::double as a, [-'inf'::float, 1] as b, 'NaN \"' as c";
    place
        .olist(&["query", endless, "--format", "json"])
        .code(0)
        .prints("[\n  {\"a\":null,\"b\":[null,1.0],\"c\":\"NaN \\\"\"}\n]\n");
    place.olist(&["query", "select 1 as a, 'x' as c"]).code(0).prints("a  c\n1  x\n");
}

/// What does not fit into memory is written beside the database, and goes again.
#[test]
fn queries_may_be_larger_than_memory() {
    let place = Place::with_sample();
    let sql = "select count(*) as n from (select s from (select hash(x) || ' is a long text' as s from range(3000000) as t(x))
               group by s)";
    place
        .olist(&["query", sql, "--memory-limit", "100MB", "--threads", "2"])
        .code(0)
        .prints("      n\n3000000\n");
    assert!(!place.path("olist.duckdb.tmp").exists());
}

#[test]
fn init_overwrites_nothing() {
    let place = Place::with_project();
    place.olist(&["init", "."]).code(2).says(&["is there already", "nothing is overwritten"]);
    place.olist(&["init", "features/seller_sales.sql"]).code(2).says(&["is a file"]);
    // Other files may be there: a database, a README.
    let used = Place::new();
    used.write("olist.duckdb.txt", "");
    used.olist(&["init", "."]).code(0).says(&["next: olist run"]);
}
