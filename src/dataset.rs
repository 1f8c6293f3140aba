//! From a model's SELECT at many reference dates to one table of numbers.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use chrono::{Days, NaiveDate};
use duckdb::arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use duckdb::arrow::compute::{concat, take};
use duckdb::arrow::datatypes::{Date32Type, Float64Type};

use crate::catalog::{Catalog, Model};
use crate::config::{Task, matches_family};
use crate::diagnose::analyst;
use crate::learn::{Matrix, MatrixBuilder};
use crate::problem::{Problem, suggest};
use crate::warehouse::{Batches, SqlError, Warehouse, ident, idents, texts};

/// Share of the labels of a fold that have to be known before it counts.
const SETTLED: f64 = 0.95;

/// Rows of a model's SELECT: inputs, labels, and the rules computed over them.
pub struct Pulled {
    pub matrix: Matrix,
    /// `None` where the label is not known yet.
    pub labels: Vec<Option<bool>>,
    pub known_on: Vec<Option<NaiveDate>>,
    pub dates: Vec<NaiveDate>,
    /// The key of each row, as text.
    pub entities: Vec<String>,
    /// The key columns as they came, to be written back.
    pub keys: Vec<(String, ArrayRef)>,
    /// A probability for each row, by the name of the rule. Rules that could not be computed are left out if they
    /// belong to an earlier champion.
    pub rules: BTreeMap<String, Vec<f64>>,
    /// Which rows belong to each slice of the model, in the order of its file.
    pub slices: Vec<(String, Vec<bool>)>,
}

impl Pulled {
    /// The snapshots of `rows`.
    pub fn dates_of(&self, rows: &[usize]) -> Vec<NaiveDate> {
        rows.iter().map(|&row| self.dates[row]).collect()
    }

    /// Rows whose label was known by `date`.
    pub fn known_by(&self, date: NaiveDate) -> Vec<usize> {
        (0..self.labels.len()).filter(|&row| self.is_known(row, date)).collect()
    }

    /// Whether nearly all labels of `rows` were known by `date`: a few promises may reach far ahead, and waiting for
    /// the last of them would put off validation by months.
    pub fn is_settled(&self, rows: &[usize], date: NaiveDate) -> bool {
        let known = rows.iter().filter(|&&row| self.is_known(row, date)).count();
        !rows.is_empty() && known as f64 >= SETTLED * rows.len() as f64
    }

    pub fn is_known(&self, row: usize, date: NaiveDate) -> bool {
        self.labels[row].is_some() && self.known_on[row].is_some_and(|known| known <= date)
    }

    /// The known labels of `rows`.
    pub fn truth(&self, rows: &[usize]) -> Vec<bool> {
        rows.iter().map(|&row| self.labels[row] == Some(true)).collect()
    }

    /// The date through which labels of `rows` were known.
    pub fn trained_through(&self, rows: &[usize]) -> Option<NaiveDate> {
        rows.iter().filter_map(|&row| self.known_on[row]).max()
    }

    /// The key columns of `rows`.
    pub fn keys_of(&self, rows: &[usize]) -> Result<Vec<(String, ArrayRef)>> {
        let rows = rows.iter().map(|&row| u64::try_from(row)).collect::<Result<Vec<_>, _>>()?;
        let rows = UInt64Array::from(rows);
        self.keys.iter().map(|(name, values)| Ok((name.clone(), take(values, &rows, None)?))).collect()
    }

    /// A digest of everything that is trained on: keys, dates, labels and inputs of `rows`.
    pub fn digest(&self, rows: &[usize]) -> String {
        let mut hasher = blake3::Hasher::new();
        for &row in rows {
            hasher.update(self.entities[row].as_bytes());
            hasher.update(&[0, u8::from(self.labels[row] == Some(true))]);
            hasher.update(self.dates[row].to_string().as_bytes());
        }
        for (at, name) in self.matrix.columns().iter().enumerate() {
            hasher.update(name.as_bytes());
            for &row in rows {
                hasher.update(&self.matrix.column(at)[row].to_le_bytes());
            }
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// Runs the model's SELECT at each of `dates`, in order, with `rules` beside it.
///
/// # Errors
/// SQL that does not run, inputs that are no numbers, a rule that gives no probability.
pub fn pull(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    dates: &[NaiveDate],
    rules: &BTreeMap<String, String>,
) -> Result<Pulled> {
    let first = *dates.last().ok_or_else(|| anyhow!("no reference date to pull"))?;
    let shape = Shape::read(warehouse, catalog, model, first, rules)?;
    let mut builder = MatrixBuilder::new(shape.inputs.clone(), 0);
    let mut pulled = Pulled {
        matrix: MatrixBuilder::new(Vec::new(), 0).finish(),
        labels: Vec::new(),
        known_on: Vec::new(),
        dates: Vec::new(),
        entities: Vec::new(),
        keys: Vec::new(),
        rules: shape.rules.iter().map(|(name, _)| (name.clone(), Vec::new())).collect(),
        slices: shape.slices.iter().map(|(name, _)| (name.clone(), Vec::new())).collect(),
    };
    let mut keys: Vec<Vec<ArrayRef>> = vec![Vec::new(); model.spec.key.len()];
    for &date in dates {
        let batches = shape.run(warehouse, catalog, model, date)?;
        for batch in &batches.batches {
            let wrong = |name: &str, what: &str| input_problem(catalog, model, name, date, what);
            let inputs = Shape::numbers(batch.columns(), &shape.inputs, wrong)?;
            builder.append(&inputs)?;
            let names: Vec<String> = shape.rules.iter().map(|(name, _)| name.clone()).collect();
            let wrong = |name: &str, what: &str| rule_problem(catalog, model, name, date, what);
            let values = Shape::numbers(&batch.columns()[shape.inputs.len()..], &names, wrong)?;
            for (name, values) in names.iter().zip(values) {
                check_rule(catalog, model, name, values, date)?;
                pulled.rules.entry(name.clone()).or_default().extend_from_slice(values);
            }
            let mut at = shape.inputs.len() + names.len();
            for (_, rows) in &mut pulled.slices {
                let inside = batch.column(at).as_boolean();
                rows.extend(inside.iter().map(|inside| inside == Some(true)));
                at += 1;
            }
            let label = batch.column(at).as_primitive::<Float64Type>();
            let known = batch.column(at + 1).as_primitive::<Date32Type>();
            at += 2;
            for row in 0..batch.num_rows() {
                pulled.labels.push(label.is_valid(row).then(|| label.value(row) > 0.5));
                pulled.known_on.push(known.is_valid(row).then(|| from_epoch(known.value(row))).flatten());
                pulled.dates.push(date);
            }
            pulled.entities.extend(texts(&batch.columns()[at..]).iter().map(|cells| cells.join(" ")));
            for (parts, key) in keys.iter_mut().zip(&batch.columns()[at..]) {
                parts.push(Arc::clone(key));
            }
        }
    }
    pulled.matrix = builder.finish();
    for (name, parts) in model.spec.key.iter().zip(keys).filter(|(_, parts)| !parts.is_empty()) {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        pulled.keys.push((name.clone(), concat(&parts)?));
    }
    Ok(pulled)
}

fn from_epoch(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(1970, 1, 1)?.checked_add_days(Days::new(u64::try_from(days).ok()?))
}

/// Where a rule's expression stands in the config.
fn rule_path(name: &str) -> String {
    format!("candidates.{name}.expression")
}

fn check_rule(catalog: &Catalog, model: &Model, name: &str, values: &[f64], date: NaiveDate) -> Result<()> {
    let Some(wrong) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) else {
        return Ok(());
    };
    Err(Problem::data(format!("the rule `{name}` gives {wrong}, which is no probability"))
        .at(catalog.templates.in_config(&model.file, &rule_path(name), 0))
        .on(date)
        .hint("a rule gives numbers from 0 to 1; 1 / (1 + exp(-x)) turns any number x into one")
        .into())
}

fn rule_problem(catalog: &Catalog, model: &Model, name: &str, date: NaiveDate, what: &str) -> Problem {
    Problem::data(format!("the rule `{name}` {what}"))
        .at(catalog.templates.in_config(&model.file, &rule_path(name), 0))
        .on(date)
        .hint("a rule gives a probability for every row: say what it is where something is missing, e.g. coalesce(…, 0.5)")
}

const CAST: &str = "select cast((";

/// The columns of a model's SELECT, by what they are.
struct Shape {
    inputs: Vec<String>,
    rules: Vec<(String, String)>,
    slices: Vec<(String, String)>,
}

impl Shape {
    fn read(
        warehouse: &Warehouse,
        catalog: &Catalog,
        model: &Model,
        date: NaiveDate,
        rules: &BTreeMap<String, String>,
    ) -> Result<Self> {
        let rendered = catalog.render(&model.table(), date)?;
        let explain = |error: SqlError| analyst(warehouse, error, &rendered, &catalog.templates);
        let columns = warehouse.describe(&rendered.sql).map_err(explain)?;
        let place = |path: &str| catalog.templates.config_key(&model.file, path);
        let mut needed: Vec<&str> = model.spec.key.iter().map(String::as_str).collect();
        needed.extend(model.spec.label().into_iter().flat_map(|label| [label, "label_known_on"]));
        for name in &needed {
            if !columns.iter().any(|(column, _)| column == name) {
                return Err(Problem::usage(format!("the query does not return `{name}`"))
                    .at(place(if model.spec.key.iter().any(|key| key == name) { "key" } else { "label" }))
                    .hint("a model selects its key, its label, label_known_on and its inputs")
                    .into());
            }
        }
        for (at, pattern) in model.spec.inputs.iter().enumerate() {
            if needed.contains(&pattern.as_str()) || pattern == "reference_date" {
                return Err(Problem::usage(format!("`{pattern}` is no input"))
                    .at(catalog.templates.in_config(&model.file, &format!("inputs.{at}"), 0))
                    .hint("a model does not learn from its key, its label, label_known_on or the reference date")
                    .into());
            }
            if !columns.iter().any(|(name, _)| matches_family(pattern, name)) {
                let names = columns.iter().map(|(name, _)| name.as_str());
                return Err(Problem::usage(format!("the query returns no input `{pattern}`"))
                    .at(catalog.templates.in_config(&model.file, &format!("inputs.{at}"), 0))
                    .maybe_hint(suggest(pattern, names))
                    .into());
            }
        }
        let chosen = &model.spec.inputs;
        let is_input = |name: &str| {
            name != "reference_date"
                && !needed.contains(&name)
                && (chosen.is_empty() || chosen.iter().any(|pattern| matches_family(pattern, name)))
        };
        let mut inputs = Vec::new();
        for (name, sql_type) in columns.iter().filter(|(name, _)| is_input(name)) {
            if !is_number(sql_type) {
                return Err(Problem::usage(format!("input `{name}` is {sql_type}, not a number"))
                    .at(catalog.templates.last_mention(&model.file, name))
                    .hint("turn it into numbers in this file, e.g. (column = 'value')::int, or leave it out of `inputs`")
                    .into());
            }
            inputs.push(name.clone());
        }
        if inputs.is_empty() {
            return Err(Problem::usage("the query returns no inputs").at(place("inputs")).into());
        }
        let wrong = |what: String, path: &str, error: SqlError| {
            Problem::usage(format!("{what} does not work: {}", error.headline()))
                .at(catalog.templates.in_config(&model.file, path, error.position.unwrap_or(0)))
                .hint("it is an expression over the columns of this file's SELECT")
                .maybe_hint(error.near())
        };
        let fails = |expression: &str, sql_type: &str| {
            let query = format!("{CAST}{expression}) as {sql_type}) from (\n{}\n) as q", rendered.sql);
            warehouse.describe(&query).err().map(|error| error.shifted(CAST.len()))
        };
        let mut kept = Vec::new();
        for (name, expression) in rules {
            match fails(expression, "double") {
                None => kept.push((name.clone(), expression.clone())),
                // A rule of the file has to work; an earlier champion's may have lost its columns.
                Some(error) if model.spec.candidates.iter().any(|candidate| candidate.name == *name) => {
                    return Err(wrong(format!("the rule `{name}`"), &rule_path(name), error).into());
                }
                Some(_) => {}
            }
        }
        let slices = match &model.spec.task {
            Task::Binary(binary) => binary.slices.clone(),
            Task::Clusters(_) => Vec::new(),
        };
        for (name, condition) in &slices {
            if let Some(error) = fails(condition, "boolean") {
                return Err(wrong(format!("the slice `{name}`"), &format!("slices.{name}"), error).into());
            }
        }
        Ok(Self { inputs, rules: kept, slices })
    }

    /// Inputs, rules, label, `label_known_on` and key of every row, ordered by key: the order decides nothing else, but
    /// the same rows in the same order give the same model.
    fn run(
        &self,
        warehouse: &Warehouse,
        catalog: &Catalog,
        model: &Model,
        date: NaiveDate,
    ) -> Result<Batches> {
        let rendered = catalog.render(&model.table(), date)?;
        let mut columns: Vec<String> =
            self.inputs.iter().map(|name| format!("cast({} as double)", ident(name))).collect();
        columns.extend(self.rules.iter().map(|(_, expression)| format!("cast(({expression}) as double)")));
        columns.extend(self.slices.iter().map(|(_, condition)| format!("cast(({condition}) as boolean)")));
        match model.spec.label() {
            Some(label) => columns.extend([
                format!("cast({} as double)", ident(label)),
                "cast(label_known_on as date)".to_owned(),
            ]),
            None => columns.extend(["null::double".to_owned(), "null::date".to_owned()]),
        }
        columns.extend(model.spec.key.iter().map(|name| ident(name)));
        let head = format!("select {} from (\n", columns.join(", "));
        let sql = format!("{head}{}\n) as q order by {}", rendered.sql, idents(&model.spec.key));
        warehouse.arrow(&sql).map_err(|error| {
            let problem = analyst(warehouse, error.shifted(head.len()), &rendered, &catalog.templates);
            // Where the SELECT alone works, one of the expressions over it does not.
            self.culprit(warehouse, catalog, model, &rendered.sql).map_or(problem, |own| own.on(date)).into()
        })
    }

    /// The rule or slice that cannot be computed over the rows of `sql`.
    fn culprit(&self, warehouse: &Warehouse, catalog: &Catalog, model: &Model, sql: &str) -> Option<Problem> {
        let rules = self
            .rules
            .iter()
            .map(|(name, text)| (format!("the rule `{name}`"), rule_path(name), text, "double"));
        let slices = self.slices.iter();
        let slices = slices
            .map(|(name, text)| (format!("the slice `{name}`"), format!("slices.{name}"), text, "boolean"));
        let other = warehouse.another().ok()?;
        let fails = |sql: &str| other.rows(sql, &[], |_| Ok(())).err();
        if fails(&format!("select bit_xor(hash(q)) from (\n{sql}\n) as q")).is_some() {
            return None;
        }
        rules.chain(slices).find_map(|(what, path, text, sql_type)| {
            let error =
                fails(&format!("{CAST}{text}) as {sql_type}) from (\n{sql}\n) as q"))?.shifted(CAST.len());
            Some(
                Problem::data(format!("{what} fails: {}", error.headline()))
                    .at(catalog.templates.in_config(&model.file, &path, error.position.unwrap_or(0)))
                    .hint("it is computed for every row, so it has to hold for all of them"),
            )
        })
    }

    /// The values of the first `columns`, called `names`; `wrong` tells of one that has no number in a row.
    fn numbers<'a>(
        columns: &'a [ArrayRef],
        names: &[String],
        wrong: impl Fn(&str, &str) -> Problem,
    ) -> Result<Vec<&'a [f64]>> {
        let mut slices = Vec::with_capacity(names.len());
        for (name, column) in names.iter().zip(columns) {
            let numbers =
                column.as_primitive_opt::<Float64Type>().context("DuckDB gave another type than double")?;
            if numbers.null_count() > 0 {
                let what = format!("is NULL in {} of {} rows", numbers.null_count(), numbers.len());
                return Err(wrong(name, &what).into());
            }
            if let Some(value) = numbers.values().iter().find(|value| !value.is_finite()) {
                return Err(wrong(name, &format!("is {value} in a row")).into());
            }
            slices.push(&numbers.values()[..]);
        }
        Ok(slices)
    }
}

fn is_number(sql_type: &str) -> bool {
    let names = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "BOOLEAN"];
    names.contains(&sql_type)
        || names.iter().any(|name| sql_type == format!("U{name}"))
        || sql_type.starts_with("DECIMAL")
}

/// The problem that an input of `model` is no number.
fn input_problem(catalog: &Catalog, model: &Model, column: &str, date: NaiveDate, what: &str) -> Problem {
    Problem::data(format!("input `{column}` {what}"))
        .at(catalog.templates.last_mention(&model.file, column))
        .on(date)
        .hint(format!("inputs are numbers without NULL: say in this file what a missing one means, e.g. coalesce({column}, 0)"))
}
