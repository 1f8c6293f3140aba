//! What each column of a query is, and from where.

use olist::sql::outputs::{Output, Outputs};

/// Columns of the tables that the queries below read.
fn has(table: &str, column: &str) -> bool {
    match table {
        "features.sales" => ["seller_id", "order_count", "tenure_days"].contains(&column),
        "features.reviews" => ["seller_id", "score"].contains(&column),
        "sources.orders" => ["order_id", "seller_id"].contains(&column),
        _ => false,
    }
}

fn outputs(sql: &str, columns: &[&str]) -> Vec<Output> {
    let read = Outputs::read(sql, &has).unwrap();
    columns.iter().map(|name| read.column(name)).collect()
}

fn texts(sql: &str, columns: &[&str]) -> Vec<Option<String>> {
    outputs(sql, columns).into_iter().map(|output| output.text).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned()).filter(|text| !text.is_empty())).collect()
}

#[test]
fn a_text_stands_behind_its_item_or_right_above_it() {
    let sql = "\
select
    -- one thing
    a,  -- First
    count(*) filter (where b is distinct from c) as n,  -- Second, é
    -- Third, which is
    -- long
    (x + 1) * y
        as third,
    -- a heading

    d,
    case when a then 'b, c' end as e,  /* a remark */
    -- inside
    f  -- Last
from features.sales
";
    let columns = ["a", "n", "third", "d", "e", "f"];
    assert_eq!(texts(sql, &columns), some(&["First", "Second, é", "Third, which is long", "", "", "Last"]));
    let list = ["x", "y"];
    assert_eq!(texts("select 1 as x, 2 as y -- Both\n", &list), some(&["", "Both"]));
    assert_eq!(texts("-- A file\n\nselect distinct 1 as x,\n  2 as y, -- Y\n", &list), some(&["", "Y"]));
    assert_eq!(texts("select '-- no' as x, -- A 'quote'\n  [1, 2] as y\n", &list), some(&["A 'quote'", ""]));
}

#[test]
fn a_column_that_is_passed_on_keeps_its_text() {
    let sql = "\
with counted as (
    select seller_id, order_count + 1 as n,  -- More
    from (from features.sales where true) as sales
),

joined as (
    select counted.*, reviews.* exclude (seller_id), n as m, orders.order_id as o,
    from counted
    left join features.reviews as reviews using (seller_id)
    semi join sources.orders_as_of(date '2018-01-01') as orders using (seller_id)
    left join sources.orders_as_of(date '2018-01-01') as orders on true
)

select * replace (score + 1 as score), m as again,  -- Once more
from joined
";
    let found = outputs(sql, &["n", "m", "again", "seller_id", "score", "o", "nothing"]);
    assert_eq!(found[0].text.as_deref(), Some("More"));
    assert_eq!(found[1].text.as_deref(), Some("More"));
    assert_eq!(found[2].text.as_deref(), Some("Once more"));
    let reads = |at: usize| {
        let all = found[at].reads.iter().map(|(table, column)| format!("{table}.{column}"));
        all.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(reads(0), "features.sales.order_count");
    assert_eq!((reads(3), &found[3].expression), ("features.sales.seller_id".to_owned(), &None));
    assert_eq!((reads(4), found[4].expression.is_some()), ("features.reviews.score".to_owned(), true));
    assert_eq!((reads(5), &found[5].expression), ("sources.orders.order_id".to_owned(), &None));
    assert_eq!(reads(6), "");
}

#[test]
fn what_makes_a_column_is_shown_without_its_name() {
    let sql = "
select
    ln(1 + order_count)
        as log_orders,
    (order_count / tenure_days) as rate,
    is_old and log_orders > 1 as is_good,
    tenure_days > 90 as is_old,
from features.sales";
    let found = outputs(sql, &["log_orders", "rate", "is_old"]);
    let shown: Vec<&str> = found.iter().filter_map(|output| output.expression.as_deref()).collect();
    assert_eq!(shown, ["ln(1 + order_count)", "(order_count / tenure_days)", "tenure_days > 90"]);
    assert_eq!(found[1].reads.len(), 2);
}

#[test]
fn names_that_mean_each_other_end() {
    let sql =
        "with a as (select b as c, c as b from a) select c, x as y, y as x from a union all select 1, 2, 3";
    assert!(outputs(sql, &["c", "x", "y"]).iter().all(|output| output.reads.is_empty()));
}

#[test]
fn what_a_column_is_made_of_is_followed_through_every_part_of_a_query() {
    let sql = "\
with recursive pairs as (
    select seller_id, order_count as n from features.sales
    union all
    select seller_id, score from features.reviews
),

steps as (
    select tenure_days as t from features.sales
    union all
    select t + 1 from steps where t < 10
)

select
    pairs.n as n,
    (select max(score) from features.reviews as r where r.seller_id = pairs.seller_id) as best,
    list_transform([pairs.n], x -> x + steps.t) as moved,
    parts.part as part,
    words.word as word,
    count(*) over () as size,
    unknown.thing as thing,
    struct_pack(a := steps.t).a as field,
from pairs, steps, unnest([pairs.n, steps.t]) as parts (part), (values ('a')) as words (word)
";
    let found = outputs(sql, &["n", "best", "moved", "part", "word", "size", "thing", "field"]);
    let reads = |at: usize| {
        let all = found[at].reads.iter().map(|(table, column)| format!("{table}.{column}"));
        all.collect::<Vec<_>>().join(" ")
    };
    let both = "features.reviews.score features.sales.order_count";
    assert_eq!(reads(0), both);
    // The correlated column as well.
    assert_eq!(reads(1), "features.reviews.score features.reviews.seller_id features.sales.seller_id");
    assert_eq!(reads(2), format!("{both} features.sales.tenure_days"));
    assert_eq!(reads(3), format!("{both} features.sales.tenure_days"));
    assert_eq!((reads(4), found[4].unresolved.len()), (String::new(), 0));
    assert_eq!(reads(5), "features.reviews.* features.sales.*");
    assert_eq!(found[6].unresolved.iter().collect::<Vec<_>>(), ["unknown.thing"]);
    assert_eq!(reads(7), "features.sales.tenure_days");
    let lost: Vec<usize> = (0..8).filter(|&at| !found[at].unresolved.is_empty()).collect();
    assert_eq!(lost, [6]);
}

#[test]
fn what_cannot_be_followed_is_said() {
    let pivot = "select * from features.sales pivot (sum(order_count) for seller_id in ('abc'))";
    assert_eq!(outputs(pivot, &["abc"])[0].unresolved.len(), 1);
    let by_name = "select columns('order.*') from features.sales";
    assert_eq!(outputs(by_name, &["order_count"])[0].unresolved.len(), 1);
}
