//! The same files on Spark: what they are translated to, what is refused, and that both engines give the same rows.

mod spark;
mod translated;

use std::collections::BTreeMap;
use std::fs;

use olist::portable::{Refusal, Relations, functions, translate};

use super::support::{Place, repository};
use translated::translated;

fn of(sql: &str) -> Result<String, Vec<Refusal>> {
    let relations = Relations {
        as_of: &|name| format!("{name}_as_of"),
        whole: &|name| format!("lake.{name}"),
        table: &|name| name.replace('.', "_"),
    };
    translate(sql, &relations).map(|translation| translation.sql)
}

/// `BLESS=1` writes what they are translated to now; read the difference before you keep it.
#[test]
fn every_table_is_translated_as_expected() {
    let folder = repository().join("tests/portable/expected");
    let now: BTreeMap<String, String> =
        translated("2018-03-01").into_iter().map(|(name, sql)| (format!("{name}.sql"), sql + "\n")).collect();
    if std::env::var_os("BLESS").is_some() {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        for (file, sql) in &now {
            fs::write(folder.join(file), sql).unwrap();
        }
    }
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    let expected: BTreeMap<String, String> =
        fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect();
    assert_eq!(expected.keys().collect::<Vec<_>>(), now.keys().collect::<Vec<_>>());
    for (file, sql) in &now {
        assert_eq!(sql, &expected[file], "tests/portable/expected/{file} (BLESS=1 writes what it is now)");
    }
}

#[test]
fn render_prints_what_runs_on_spark() {
    let place = Place::with_project();
    let args = ["render", "features/deal_profile.sql", "--date", "2018-03-01", "--engine", "spark"];
    let printed = place.olist(&args).code(0).stdout;
    for part in [
        "order by won_date nulls last, mql_id nulls last",
        "from (select *, date '2018-03-01' as reference_date from sources.closed_deals) as q\nwhere known_at < reference_date",
        "datediff(cast(date '2018-03-01' as date), cast(won_date as date)) as days_since_deal,",
        "(weekday(won_date) + 1) as won_weekday,",
    ] {
        assert!(printed.contains(part), "{part}\n{printed}");
    }
    place
        .olist(&["render", "queries/reports/deals_to_help.sql", "--date", "2018-03-01", "--engine", "spark"])
        .code(2)
        .says(&["error: `queries/reports/deals_to_help.sql` never runs on Spark"]);
}

#[test]
fn the_project_is_portable() {
    let place = Place::with_project();
    let ran = place.olist(&["check", "--portable", "--format", "csv"]).code(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "table,file,runs on Spark");
    assert!(lines.len() > 24 && lines[1..].iter().all(|line| line.ends_with(",yes")), "{}", ran.stdout);
    assert!(!place.path("olist.duckdb").exists());
}

#[test]
fn what_differs_is_told_file_by_file() {
    let place = Place::with_project();
    place.edit("features/seller_reviews.sql", "median(review_score)", "mode(review_score)");
    place.edit(
        "queries/sources/closed_deals.sql",
        "'known_at': 'won_date'",
        "'known_at': \"strptime('x', won_date)\"",
    );
    place.edit("features/seller_sales.sql", "'order_count > 0',", "'hash(order_count) > 0',");
    let ran = place.olist(&["check", "--portable"]).code(1);
    for line in [
        "features.seller_reviews     features/seller_reviews.sql     no: `mode` is not on the list of what is the same on Spark",
        "features.deal_profile       features/deal_profile.sql       no: `strptime` is not on the list of what is the same on Spark",
        "features.seller_orders      features/seller_orders.sql      yes",
    ] {
        assert!(ran.stdout.contains(line), "{}", ran.stdout);
    }
    ran.says(&[
        "--> features/seller_reviews.sql:44:9",
        "hint: count the values and rank them",
        "--> queries/sources/closed_deals.sql:",
        "--> features/seller_sales.sql:10:10\n",
        "3 mistakes found, see above",
    ]);
}

/// SQL, what is said, and the word that it is said of.
const REFUSED: [(&str, &str, &str); 28] = [
    ("select hash(a) from t", "`hash` is not on the list", "hash(a)"),
    ("select round(a, 2) from t", "`round` to digits differs", "round(a"),
    ("select a || b from t", "`||` writes numbers otherwise", "a || b"),
    ("select current_date", "this call is not on the list", "current_date"),
    ("select a.upper() from t", "this call is not on the list", "a.upper"),
    ("select date_trunc('decade', a) from t", "`date_trunc` to this is not the same", "date_trunc"),
    ("select timestamptz '2018-01-01' from t", "this value is not on the list", "'2018"),
    ("select a // b from t", "`//` is not on Spark", "a // b"),
    ("select a ^ b from t", "`^` and `**` are other operators", "a ^ b"),
    ("select x, left(a, b) from t", "`left` takes 0 and less otherwise", "left(a"),
    ("select substring(a, 0, 2) from t", "`substring` takes 0 and less otherwise", "substring"),
    ("select first(a) from t", "`first` takes any row", "first(a"),
    ("select string_agg(a, ',' order by b) from t", "`string_agg(… order by …)`", "string_agg"),
    ("select try_cast(a as integer) from t", "`try_cast` reads other texts", "a as"),
    ("select cast(a as hugeint) from t", "the type `hugeint` is not the same", "cast"),
    ("select cast(a as decimal) from t", "the type `decimal` is not the same", "cast"),
    ("select [1, 2] from t", "this is not on the list", ""),
    ("select a from t limit 3", "`limit` without `order by`", "3"),
    ("select distinct on (a) b from t", "`distinct on` is not on Spark", "select"),
    ("select a from t, range(3)", "this is not on the list of what is the same in FROM", "range"),
    ("select unnest(a) from t", "`unnest` is on the list for `range` alone", "unnest"),
    ("select * replace (1 as a) from t", "Spark knows `*` with `exclude` alone", "*"),
    ("select a + 1 as b, sum(b) over () from t", "`b` is a name of the same list", "b) over"),
    ("select a + 1 as b, max(b) from t group by all", "`b` is a name of the same list", "b) from"),
    ("select a like b from t", "a pattern has to be a text without", "b from"),
    ("select e'a' from t", "cannot be translated for Spark", ""),
    ("select date_diff('day', a, b) from t", "`date_diff` is not on the list", "date_diff"),
    ("select a from t asof join u on t.b >= u.b", "cannot be translated for Spark", ""),
];

#[test]
fn what_is_not_the_same_is_refused_at_its_place() {
    for (sql, message, word) in REFUSED {
        let refused = of(sql).expect_err(sql);
        assert!(refused[0].message.contains(message), "{sql}: {refused:?}");
        assert!(!refused[0].hint.is_empty(), "{sql}");
        assert!(sql[refused[0].at..].starts_with(word), "{sql}: `{}`", &sql[refused[0].at..]);
    }
}

#[test]
fn what_is_spelt_otherwise_is_translated() {
    for (sql, expected) in [
        ("select a / b, from t", "select a / 1D / b from t"),
        ("select a / 1e3 from t", "select a / 1e3 from t"),
        ("from t", "select * from t"),
        (
            "select * exclude b from (from sources.orders_as_of(date '2018-01-01') where a)",
            "select * except (b) from (select * from orders_as_of where a)",
        ),
        ("select 'a\\b''c' as \"d`e\" from sources.orders", "select 'a\\\\b''c' as `d``e` from lake.orders"),
        (
            "select avg(a) filter (where b) over w from t window w as (order by c desc, d nulls first)",
            "select (sum(a) filter (where b) over w / 1D / nullif(count(a) filter (where b) over w, 0)) from t \
             window w as (order by c desc nulls last, d nulls first)",
        ),
        (
            "select a::date, cast(ln(b) as bigint) from features.x",
            "select cast(a as date), cast(rint(case when b <= 0 then raise_error('the logarithm of 0 or less') \
             else ln(b) end) as bigint) from features_x",
        ),
        ("select bool_and(a = b) from t -- a / b", "select bool_and(a = b) from t -- a / b"),
        ("select spark.datediff(a, b / c) from t", "select datediff(a, b / 1D / c) from t"),
    ] {
        assert_eq!(of(sql).unwrap(), expected, "{sql}");
    }
}

/// What Spark says is at line 2, character 7 (or within what was put in for it), is where the analyst wrote it.
#[test]
fn places_lead_back_through_the_translation() {
    let sql = "select a / b as c, -- é\n  avg(d) as e, f\nfrom t";
    let relations =
        Relations { as_of: &|_| String::new(), whole: &|_| String::new(), table: &|_| String::new() };
    let translation = translate(sql, &relations).unwrap();
    let lines: Vec<&str> = translation.sql.lines().collect();
    for word in ["d)", "avg", "f", "t"] {
        let shown = if word == "avg" { "(sum" } else { word };
        let line = lines.iter().position(|line| line.contains(shown)).unwrap();
        let line = if word == "t" { 2 } else { line };
        let position = lines[line].rfind(shown).unwrap();
        let at = translation.origin(line + 1, position, shown);
        assert!(sql[at..].starts_with(word), "{word}: {}", &sql[at..]);
    }
    assert_eq!(translation.origin(1, lines[0].find("/ 1D").unwrap(), "a / 1D / b"), sql.find('/').unwrap());
}

#[test]
fn every_function_of_the_list_is_probed_and_documented() {
    let probes = fs::read_to_string(repository().join("tests/portable/probes.sql")).unwrap();
    let page = fs::read_to_string(repository().join("docs/spark.md")).unwrap();
    for function in functions::all() {
        assert!(probes.contains(&format!("{}(", function.name)), "`{}` has no probe", function.name);
        assert!(page.contains(&format!("`{}`", function.name)), "docs/spark.md has no `{}`", function.name);
    }
}

#[test]
fn every_probe_can_be_translated() {
    for sql in probes() {
        of(&sql).unwrap_or_else(|refused| panic!("{sql}\n{refused:?}"));
    }
}

/// The queries of tests/portable/probes.sql.
fn probes() -> Vec<String> {
    let text = fs::read_to_string(repository().join("tests/portable/probes.sql")).unwrap();
    text.split(";\n").map(|sql| sql.trim().to_owned()).filter(|sql| !sql.is_empty()).collect()
}
