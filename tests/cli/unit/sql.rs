//! What is one SELECT or one expression; tokens, and where a column comes from.

use olist::diagnose::items;
use olist::sql::{Expression, Select, SqlError, normal, starts, unended};

#[test]
fn one_select_and_nothing_else() {
    for good in [
        "select 1",
        "from t -- ; copy",
        "with a as (select ';' as b) select * from a /* ; */",
        "select 1 union all (values (2))",
        "select $$;$$, E'\\';'",
        "from generate_series(1, 3)",
        "from duckdb_tables()",
        "from sources.orders_as_of(date '2018-01-01')",
        "from not_there(1)",
        "describe t",
    ] {
        assert!(Select::of(good).is_ok(), "{good}");
    }
    for (bad, at) in [
        ("", None),
        ("select 1; select 2", Some(10)),
        ("select 1; drop table t", Some(10)),
        ("copy t to 'x'", Some(0)),
        ("select 1) as q; copy (select 1) to 'x'; select * from (select 1", Some(8)),
        ("with a as (insert into t values (1) returning i) from a", None),
        ("select * from (delete from t returning i)", None),
        ("from read_csv('x')", None),
        ("from (from glob('*'))", None),
        ("select (select count(*) from read_text('x'))", None),
        ("from main.read_csv('x')", None),
        ("from query('select 1')", None),
        ("select nextval('s')", None),
        ("pragma version", Some(0)),
        ("set threads = 1", Some(0)),
        ("attach 'x'", Some(0)),
    ] {
        let error = Select::of(bad).expect_err(bad);
        assert!(at.is_none() || error.position == at, "{bad}: {error:?}");
    }
}

#[test]
fn a_select_that_differs_by_its_date_alone_is_proven_once() {
    let text = |date: &str| format!("select * from t where d < date '{date}'");
    let date = chrono::NaiveDate::from_ymd_opt(2018, 6, 1).unwrap();
    assert!(Select::dated(&text("2018-06-01"), Some(date)).is_ok());
    assert!(Select::dated(&text("2018-06-01'; drop table t --"), Some(date)).is_err());
}

#[test]
fn errors_keep_their_place_in_the_analysts_text() {
    let select = Select::of("select x").unwrap();
    let inside = select.within("select a from (", ") as q").within("insert into t ", "");
    assert_eq!(&inside.as_str()[inside.start()..inside.start() + 8], "select x");
    let over = select.computing("select (", &Expression::of("a + 1").unwrap(), ")");
    assert_eq!(over.as_str(), "select (a + 1) from (\nselect x\n) as q");
    assert_eq!(over.start(), 8);
}

#[test]
fn one_expression_and_nothing_else() {
    for good in
        ["1", "a > 0 and b is null", "')' <> c", "sum(x) filter (where y)", "exists (select 1)", "(a) + (b)"]
    {
        assert!(Expression::of(good).is_ok(), "{good}");
    }
    for bad in [
        "1, 2",
        "1) from x; copy t to 'y'; select (1",
        "1) --",
        "1) b --",
        "1 --",
        "1) as (a",
        "1); --",
        "1) + (2",
        "1) from t --",
        "1) union select (2",
        "1; 2",
        "1) order by (1",
        "exists (from read_csv('x'))",
        "/* 1",
    ] {
        assert!(Expression::of(bad).is_err(), "{bad}");
    }
}

#[test]
fn an_expression_of_a_thousand_terms_is_read() {
    assert!(Expression::of(&vec!["a"; 900].join(" + ")).is_ok());
    assert!(Select::of(&format!("select {} from t", vec!["a"; 900].join(" + "))).is_ok());
}

#[test]
fn comments_and_layout_do_not_count() {
    assert_eq!(normal("select 1, -- one\n\n    'a  b' /* x */ from t\n"), "select 1, 'a  b' from t");
    assert_eq!(normal("select 1,\n 'a  b'\nfrom t"), normal("select 1, -- c\n'a  b' from t"));
    assert_ne!(normal("select 'a b'"), normal("select 'a  b'"));
    assert_eq!(normal("select 'it''s -- no comment'"), "select 'it''s -- no comment'");
    assert_eq!(normal("-- nothing\n"), "");
}

#[test]
fn statements_are_counted_without_quotes_and_comments() {
    for (sql, count) in [
        ("", 0),
        (" ; -- nothing\n;", 0),
        ("select 1;", 1),
        ("select ';', \"a;b\" /* ; */ -- ; it's\n;", 1),
        ("select 'it''s;'", 1),
        ("select 1; select 2", 2),
        ("select 'a'; -- and\nselect 2;", 2),
    ] {
        assert_eq!(starts(sql).len(), count, "{sql}");
    }
    assert_eq!(unended("select 1 ; -- that is all\n;"), "select 1 ");
}

#[test]
fn only_a_star_gives_columns_without_a_name() {
    let found = items("select é, count(*), a * b, t.*, *, (x) as é from t", "é");
    assert_eq!((found.named.len(), found.stars.len()), (2, 2));
}

#[test]
fn a_column_is_followed_into_the_cte_that_gives_it() {
    let star = "with a as (select x as b), c as (select *, d as e from a) select * from c";
    assert_eq!(items(star, "e").named, [star.find("e from a").unwrap()]);
    assert_eq!(items(star, "b").named, [star.find("b), c").unwrap()]);
}

#[test]
fn the_json_form_of_errors_is_read() {
    let conn = duckdb::Connection::open_in_memory().unwrap();
    conn.execute_batch("set errors_as_json = true").unwrap();
    let error = SqlError::from(conn.execute_batch("select foo from (select 1 as bar)").unwrap_err());
    assert_eq!((error.class.as_str(), error.position), ("Binder", Some(7)));
    assert!(error.headline().contains("foo"), "{error}");
    assert_eq!(error.near().unwrap(), "near it there is: bar");
}
