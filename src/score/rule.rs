//! Why a rule scores as it does: Shapley values over the columns that its expression reads.
//!
//! The rule is computed for every set of columns, with the row's own value of those in the set, and of the others the
//! usual one: the median of the list, which for truths and texts is the middle one.

use anyhow::Result;
use duckdb::arrow::array::{Array, AsArray};
use duckdb::arrow::datatypes::Float64Type;

use super::reasons::Reasons;
use crate::dataset::{Snapshot, Workspace, is_number};
use crate::learn::{Contributions, Scale};
use crate::sql::{Expression, tree};
use crate::warehouse::{ident, idents};

/// Each further column doubles the work.
const MOST_COLUMNS: usize = 12;

/// The reasons of the rows of `snapshot`, whose SELECT has `columns`. A rule of more than twelve of them, and one that
/// looks at other rows, has none.
pub fn reasons(
    at: Workspace<'_>,
    rule: &Expression,
    snapshot: &Snapshot,
    columns: &[(String, String)],
) -> Result<Reasons> {
    let parsed = tree::query(&format!("select ({rule})"))?;
    let used = tree::column_names(&parsed);
    let is_of_its_row =
        tree::nodes(&parsed).all(|node| node["class"] != "WINDOW" && node["class"] != "SUBQUERY");
    let columns: Vec<&(String, String)> =
        columns.iter().filter(|(name, _)| used.contains(&name.to_lowercase())).collect();
    if columns.len() > MOST_COLUMNS || !is_of_its_row {
        return Ok(Reasons::none());
    }
    let (head, tail) = around(rule, &columns, &idents(&at.model.spec.key));
    let select = snapshot.select.select()?.within(&head, &tail);
    let width = columns.len();
    let mut reasons = Reasons::none();
    for batch in at.warehouse.arrow(select.as_str())?.batches {
        let cells: Vec<_> = batch.columns().iter().map(AsArray::as_primitive::<Float64Type>).collect();
        for row in 0..batch.num_rows() {
            let cell = |at: usize| cells[at].is_valid(row).then(|| cells[at].value(row));
            reasons.values.extend((0..width).map(cell));
            let by = (width..2 * width).map(|column| cell(column).unwrap_or(f64::NAN));
            reasons.contributions.values.extend(by);
            reasons.contributions.base = cell(2 * width).unwrap_or(f64::NAN);
        }
    }
    reasons.inputs = columns.iter().map(|(name, _)| name.clone()).collect();
    reasons.contributions = Contributions { scale: Scale::Rule, width, ..reasons.contributions };
    Ok(reasons)
}

/// What stands around the model's SELECT: for each row the values of the columns, their contributions, and what the rule
/// gives where all are as usual. A rule that fails for values that no row has together says nothing of that row.
fn around(rule: &Expression, columns: &[&(String, String)], key: &str) -> (String, String) {
    const ROW: &str = "\"row of the list\"";
    const SET: &str = "\"columns of the set\"";
    const WORTH: &str = "\"worth of the set\"";
    let width = columns.len();
    let sets = 1_usize << width;
    let list = |item: &dyn Fn(usize, &str) -> String| -> String {
        columns.iter().enumerate().map(|(at, (name, _))| item(at, &ident(name)) + ", ").collect()
    };
    let is_in = |at: usize| format!("{SET} & {} <> 0", 1_usize << at);
    let usual = list(&|_, name| format!("quantile_disc({name}, 0.5) as {name}"));
    let mixed = list(&|at, name| {
        format!("case when {} then given.{name} else usual.{name} end as {name}", is_in(at))
    });
    let own = list(&|at, name| {
        let value = if is_number(&columns[at].1) {
            format!("given.{name}::double")
        } else {
            "null::double".to_owned()
        };
        format!("{value} as \"value {at}\"")
    });
    let values = list(&|at, _| format!("max(\"value {at}\") filter (where {SET} = {})", sets - 1));
    let weights: Vec<String> = (0..width).map(|size| format!("{:e}", weight(size, width))).collect();
    let weights = format!("([{}]::double[])", weights.join(", "));
    // In a fixed order: a sum of floats is the same in each run.
    let by = list(&|at, _| {
        let change = format!(
            "case when {} then {weights}[bit_count({SET})] else -{weights}[bit_count({SET}) + 1] end",
            is_in(at)
        );
        format!("case when count({WORTH}) = {sets} then sum({WORTH} * {change} order by {SET}) end")
    });
    let head = "with given as materialized (select * from (\n".to_owned();
    let tail = format!(
        "\n)),
        usual as (select {usual} 1 from given),
        mixed as (
            select {mixed} {own} {ROW}, {SET}
            from (select *, row_number() over (order by {key}) as {ROW} from given) as given, usual,
                (select range as {SET} from range({sets})) as sets
        ),
        worths as (select try(cast(({rule}) as double)) as {WORTH}, * from mixed as q)
        select {values} {by} max({WORTH}) filter (where {SET} = 0) from worths group by {ROW} order by {ROW}"
    );
    (head, tail)
}

/// Of the sets of `size` of the other columns, in the mean over all orders in which `width` columns can come.
fn weight(size: usize, width: usize) -> f64 {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    factorial(size) * factorial(width - size - 1) / factorial(width)
}
