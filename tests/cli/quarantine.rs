//! Rows that fail a check: kept out, or only told, and where they are found again.

use super::support::{Place, Ran};

const KEPT: &str =
    "select severity || ' ' || failed_check || ' ' || row_json from pipeline.quarantine order by all";

/// A store with these checks: x from 0, and y, which is half of it from below zero.
fn store(checks: &str) -> String {
    format!(
        "{{{{ config(entity = 'x', key = 'x', description = 'x', checks = [{checks}]) }}}}\n\
         select x, x // 2 - 1 as y from range({{{{ var('n', 6) }}}}) as t(x)\n"
    )
}

fn run(place: &Place) -> Ran {
    place.olist(&["run", "--date", "2018-06-01", "--select", "features.w"])
}

#[test]
fn rows_are_set_aside() {
    let place = Place::with_sample();
    let drops = "{'expression': 'y >= 0', 'severity': 'drop'}, {'expression': 'x < 5 and y > -9', 'severity': 'drop'}";
    place.write("features/w.sql", store(drops));
    run(&place).code(0).says(&[
        "  features.w: 1 row of 1 date set aside: x < 5 and y > -9\n",
        "  features.w: 2 rows of 1 date set aside: y >= 0\n",
        "set aside 3 rows that failed a check: `olist query \"from pipeline.quarantine\"`",
    ]);
    assert_eq!(place.query("select x from features.w order by x"), ["2", "3", "4"]);
    assert_eq!(
        place.query(&KEPT.replace("row_json", "(row_json::json->>'x')")),
        ["drop x < 5 and y > -9 5", "drop y >= 0 0", "drop y >= 0 1"]
    );
    let status = place.olist(&["status"]).code(0);
    assert!(status.stdout.contains("aside   features.w, 3 rows of 1 date: "), "{}", status.stdout);
    let counted = place.olist(&["status", "--select", "features.w", "--format", "csv"]).code(0);
    assert!(counted.stdout.contains("features.w,2018-06-01,built,,3,3\n"), "{}", counted.stdout);
    place.olist(&["check", "--date", "2018-03-01", "--select", "features.w"]).code(0);

    // Another check makes another partition, which has its own rows there.
    place.write("features/w.sql", store("{'expression': 'y > 0', 'severity': 'drop'}"));
    run(&place).code(0).says(&["its SQL changed"]);
    assert_eq!(
        place.cell("select count(*) || ' ' || any_value(failed_check) from pipeline.quarantine"),
        "4 y > 0"
    );
    place.write("features/w.sql", store(""));
    run(&place).code(0).does_not_say(&["set aside"]);
    assert_eq!(place.query(KEPT), [""; 0]);
}

#[test]
fn a_check_that_fails_shows_values_and_keeps_examples() {
    let place = Place::with_sample();
    place.write("features/w.sql", store(""));
    run(&place).code(0);
    place.write("features/w.sql", store("'y >= 0 and x < 99', {'expression': 'y > 0', 'severity': 'drop'}"));
    place.edit("features/w.sql", "y > 0", "y > -9");
    run(&place).code(1).says(&[
        "check failed for 2 of 6 rows: y >= 0 and x < 99",
        "for example 0 (y -1), 1 (y -1); the earlier partition stays",
    ]);
    assert_eq!(place.query("select x from features.w"), ["0", "1", "2", "3", "4", "5"]);
    let fails = "select string_agg(severity || row_json, ' ' order by row_json) from pipeline.quarantine";
    let kept = place.cell(fails);
    assert!(kept.contains("fail") && kept.matches("fail").count() == 2, "{kept}");
    // Again, and there are not more of them; mended, and there are none.
    run(&place).code(1);
    assert_eq!(place.cell(fails), kept);
    place.write("features/w.sql", store("{'expression': 'y >= 0', 'severity': 'warn'}"));
    run(&place)
        .code(0)
        .says(&["warning: check failed for 2 of 6 rows: y >= 0", "for example 0 (y -1), 1 (y -1)"]);
    assert_eq!(place.cell("select string_agg(severity, ' ') from pipeline.quarantine"), "warn warn");
}

#[test]
fn a_check_that_drops_nearly_all_is_wrong() {
    let place = Place::with_sample();
    place.write("features/w.sql", store("{'expression': 'x < 5', 'severity': 'drop'}"));
    let run = |more: &[&str]| {
        let all = ["run", "--date", "2018-06-01", "--select", "features.w", "--var", "n=200"];
        place.olist(&[&all[..], more].concat())
    };
    run(&[]).code(1).says(&["checks would keep out 195 of 200 rows", "--> features/w.sql:1:", "--force"]);
    run(&["--force"]).code(0);
    assert_eq!(place.cell("select count(*) from features.w"), "5");
}

#[test]
fn nothing_is_dropped_by_what_is_known_later() {
    let place = Place::with_sample();
    let drop = "checks = [\n        {'expression': 'is_churned = 0', 'severity': 'drop'},";
    place.edit("abt/seller_churn.sql", "checks = [", drop);
    place.olist(&["run", "--date", "2018-06-01"]).code(2).says(&[
        "`is_churned` is known only later: no rule, slice, profile or check that drops rows may read it",
        "--> abt/seller_churn.sql:",
    ]);
    place.write("features/w.sql", store("").replace("key = 'x'", "key = 'x', row_count = 'drop'"));
    run(&place).code(2).says(&["config `row_count`: too few rows fail or warn"]);
}

/// What a model is trained on changes with what is kept out.
#[test]
fn a_check_that_drops_trains_again_and_a_plan_is_taken_over() {
    let place = Place::with_sample();
    let drop = "checks = [\n        {'expression': 'order_count < 60', 'severity': 'drop'},";
    place.edit("features/seller_sales.sql", "checks = [", drop);
    let planned = place.olist(&["plan", "--date", "2018-06-01"]).code(3);
    assert!(planned.stdout.contains("features.seller_sales"), "{}", planned.stdout);
    assert_eq!(place.query(KEPT), [""; 0]);
    place
        .olist(&["run", "--date", "2018-06-01"])
        .code(0)
        .says(&["over from `olist plan`", "features/seller_sales.sql changed since version 1"]);
    let kept = "select count(*) > 0 and bool_and((row_json::json->>'order_count')::int >= 60) from pipeline.quarantine
        where table_name = 'features.seller_sales' and reference_date = date '2018-06-01'";
    assert_eq!(place.cell(kept), "true");
    assert_eq!(place.cell("select max(order_count) < 60 from features.seller_sales"), "true");
}
