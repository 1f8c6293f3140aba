//! What an edit brings about.

use crate::support::Place;

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

#[test]
fn config_is_strict() {
    let place = Place::with_sample();
    let config = |text: &str| {
        place.write("features/slip.sql", format!("{text}\nselect 1 as x\n"));
        place.olist(&["run", "--date", "2018-06-01", "--select", "features.slip"]).code(2)
    };
    config("").says(&["this file has no config", "features/slip.sql:2:1"]);
    config("{{ config(entity = 'x', kee = 'x', description = 'x') }}").says(&[
        "config `kee`: this key is not known",
        "features/slip.sql:1:25",
        "did you mean `key`?",
    ]);
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
        .says(&["warning: check failed for 2 of 4 rows: y < 2", "for example 2 (y 2), 3 (y 3)"]);
    assert_eq!(place.cell("select count(*) from features.w"), "4");
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
