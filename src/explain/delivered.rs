//! The row of a table of scores that is to be explained.

use anyhow::Result;
use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::catalog::Model;
use crate::config::Task;
use crate::problem::{Problem, nearest};
use crate::warehouse::{Warehouse, ident, idents};

/// Dates or keys that a hint names.
const FEW: usize = 3;

pub struct Delivered {
    pub date: NaiveDate,
    pub version: i32,
    /// The score, or the segment.
    pub value: f64,
    /// The key as text.
    pub entity: String,
    /// What the table says, by the names of its columns.
    pub facts: Map<String, Value>,
}

impl Delivered {
    /// The scores of `key` at `date`, or at the last date.
    ///
    /// # Errors
    /// Nothing is scored, or not then, or not this one.
    pub fn find(
        warehouse: &Warehouse,
        model: &Model,
        date: Option<NaiveDate>,
        key: &[String],
    ) -> Result<Self> {
        let own = &model.spec.key;
        if key.len() != own.len() {
            let wanted = format!("the key of `{}` is {}: a value each", model.name, own.join(", "));
            return Err(Problem::usage(format!("{wanted}, and {} are given", key.len())).into());
        }
        let date = date_of(warehouse, model, date)?;
        let (value, facts) = match model.spec.task {
            Task::Binary(_) => ("score", "score: score, rank: rank, 'of': list_rows, decile: decile"),
            Task::Clusters(_) => {
                ("segment", "segment: segment, segment_name: segment_name, distance: distance")
            }
        };
        let keys = own.iter().map(|name| format!("{name}: {name}, ", name = ident(name)));
        let is_it = own.iter().map(|name| format!("{}::varchar = ?", ident(name)));
        let sql = format!(
            "select model_version, {value}::double, to_json({{{}{facts}, version: model_version}})::varchar
             from (select *, count(*) over () as list_rows from {} where reference_date = ?)
             where {}",
            keys.collect::<String>(),
            model.table(),
            is_it.collect::<Vec<_>>().join(" and "),
        );
        let mut values: Vec<&dyn duckdb::ToSql> = vec![&date];
        values.extend(key.iter().map(|part| part as &dyn duckdb::ToSql));
        let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
        let (found, entity) = (warehouse.row(&sql, &values, read)?, key.join(" "));
        let Some((version, value, facts)) = found else {
            return Err(unknown(warehouse, model, date, &entity)?.into());
        };
        Ok(Self { date, version, value, entity, facts: serde_json::from_str(&facts)? })
    }
}

/// The date that is meant: `date`, or the last one that is scored.
fn date_of(warehouse: &Warehouse, model: &Model, date: Option<NaiveDate>) -> Result<NaiveDate> {
    let (name, table) = (&model.name, model.table());
    let mut dates: Vec<NaiveDate> = Vec::new();
    if warehouse.has_table(&table)? {
        let sql = format!("select distinct reference_date from {table} order by 1 desc");
        dates = warehouse.rows(&sql, &[], |row| row.get(0))?;
    }
    let Some(last) = dates.first() else {
        return Err(Problem::data(format!("`{name}` has no scores yet"))
            .hint(format!("`olist run --date D --select {name}` makes them"))
            .into());
    };
    let date = date.unwrap_or(*last);
    if dates.contains(&date) {
        return Ok(date);
    }
    dates.sort_by_key(|other| (*other - date).num_days().abs());
    let near: Vec<String> = dates.iter().take(FEW).map(ToString::to_string).collect();
    Err(Problem::data(format!("`{name}` has no scores of {date}"))
        .hint(format!(
            "the nearest are of {}; `olist score {name} --date {date}` makes them",
            near.join(", ")
        ))
        .into())
}

/// The problem that `entity` is not among the scores of `date`.
fn unknown(warehouse: &Warehouse, model: &Model, date: NaiveDate, entity: &str) -> Result<Problem> {
    let (own, table) = (&model.spec.key, model.table());
    let key = format!("concat_ws(' ', {})", idents(own));
    let what = format!("there is no {} `{entity}` in the scores of `{}`", own.join(", "), model.name);
    let sql = format!("select distinct reference_date::varchar from {table} where {key} = ? order by 1 desc");
    let mut others: Vec<String> = warehouse.rows(&sql, &[&entity], |row| row.get(0))?;
    others.truncate(FEW);
    let sql = format!("select {key} from {table} where reference_date = ? order by 1");
    let all: Vec<String> = warehouse.rows(&sql, &[&date], |row| row.get(0))?;
    let all = all.iter().map(String::as_str);
    let begins: Vec<&str> = all.clone().filter(|key| key.starts_with(entity)).collect();
    let hint = match (begins.as_slice(), nearest(entity, all)) {
        _ if !others.is_empty() => format!("it has scores of {}: --date names one", others.join(", ")),
        (&[one], _) | (&[], Some(one)) => format!("did you mean `{one}`?"),
        (&[], None) => format!("`olist query \"from {table}\"` lists who has scores"),
        (several, _) => format!("these begin so: {}, …", several[..several.len().min(FEW)].join(", ")),
    };
    Ok(Problem::data(what).on(date).hint(hint))
}
