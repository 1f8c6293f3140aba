//! Which columns of a model's SELECT are what.

use anyhow::{Context, Result};
use chrono::NaiveDate;

use super::expression::Computed;
use super::{Snapshot, Workspace};
use crate::config::{STAKE, Task, matches_family};
use crate::diagnose::analyst;
use crate::learn::Recipe;
use crate::problem::{Problem, suggest};
use crate::sql::Select;
use crate::warehouse::{Batches, ident, idents};

pub struct Layout {
    /// Name and type of all columns.
    pub columns: Vec<(String, String)>,
    pub inputs: Vec<String>,
    pub rules: Vec<Computed>,
    pub slices: Vec<Computed>,
}

impl Layout {
    /// Of the SELECT as it is at the last of `snapshots`, with the rules of `recipes` beside it.
    pub fn read(at: Workspace<'_>, snapshots: &[Snapshot], recipes: &[Recipe]) -> Result<Self> {
        let snapshot = snapshots.last().context("no reference date to pull")?;
        let (warehouse, model, templates) = (at.warehouse, at.model, &at.catalog.templates);
        let explain = |error| analyst(warehouse, error, &snapshot.select, templates);
        let select = snapshot.select.select().map_err(explain)?;
        let columns = warehouse.describe(&select).map_err(explain)?;
        let mut needed: Vec<&str> = model.spec.key.iter().map(String::as_str).collect();
        needed.extend(model.spec.label().into_iter().flat_map(|label| [label, "label_known_on"]));
        for name in &needed {
            if !columns.iter().any(|(column, _)| column == name) {
                let key = if model.spec.key.iter().any(|key| key == name) { "key" } else { "label" };
                return Err(Problem::usage(format!("the query does not return `{name}`"))
                    .at(templates.config_key(&model.file, key))
                    .hint("a model selects its key, its label, label_known_on and its inputs")
                    .into());
            }
        }
        let inputs = inputs(at, &columns)?;
        let mut computable = Vec::new();
        for (name, sql) in recipes.iter().filter_map(|recipe| Some((&recipe.name, recipe.rule()?))) {
            let rule = Computed::rule(name, sql);
            match rule.binding(at, &select) {
                None => computable.push(rule),
                // A rule of the file has to work; an earlier champion's may have lost its columns.
                Some(problem) if model.spec.candidates.iter().any(|candidate| candidate.name == *name) => {
                    return Err(problem.into());
                }
                Some(_) => {}
            }
        }
        let slices: Vec<Computed> = match &model.spec.task {
            Task::Binary(binary) => {
                binary.slices.iter().map(|(name, sql)| Computed::slice(name, sql)).collect()
            }
            Task::Clusters(_) => Vec::new(),
        };
        match slices.iter().find_map(|slice| slice.binding(at, &select)) {
            Some(problem) => Err(problem.into()),
            None => Ok(Self { columns, inputs, rules: computable, slices }),
        }
    }

    /// Inputs, rules, slices, label, `label_known_on`, stake and key of every row, ordered by key: the order decides nothing
    /// else, but the same rows in the same order give the same model.
    pub fn run(&self, at: Workspace<'_>, snapshot: &Snapshot) -> Result<Batches> {
        let spec = &at.model.spec;
        let inputs = self.inputs.iter().map(|name| format!("cast({} as double)", ident(name)));
        let own = self.rules.iter().chain(&self.slices).map(Computed::column);
        let maybe = |name: Option<&str>, sql_type: &str| {
            format!("cast({} as {sql_type})", name.map_or_else(|| "null".to_owned(), ident))
        };
        let has_stake = self.columns.iter().any(|(name, _)| name == STAKE);
        let others = [
            maybe(spec.label(), "double"),
            maybe(spec.label().map(|_| "label_known_on"), "date"),
            maybe(has_stake.then_some(STAKE), "double"),
        ];
        let keys = spec.key.iter().map(|name| ident(name));
        let columns: Vec<String> = inputs.chain(own).chain(others).chain(keys).collect();
        let head = format!("select {} from (\n", columns.join(", "));
        let explain = |error| analyst(at.warehouse, error, &snapshot.select, &at.catalog.templates);
        let select = snapshot.select.select().map_err(explain)?;
        let sql = format!("{head}{select}\n) as q order by {}", idents(&spec.key));
        at.warehouse.arrow(&sql).map_err(|error| {
            let problem = explain(error.shifted(head.len()));
            // Where the SELECT alone works, one of the expressions over it does not.
            self.culprit(at, &select).map_or(problem, |own| own.on(snapshot.date)).into()
        })
    }

    /// The rule or slice that cannot be computed over the rows of `select`.
    fn culprit(&self, at: Workspace<'_>, select: &Select) -> Option<Problem> {
        let other = at.warehouse.another().ok()?;
        let fails = |select: &Select| {
            let error = other.rows(select.as_str(), &[], |_| Ok(())).err();
            error.map(|error| error.shifted(select.start()))
        };
        if fails(&select.within("select bit_xor(hash(q)) from (\n", "\n) as q")).is_some() {
            return None;
        }
        self.rules.iter().chain(&self.slices).find_map(|own| own.failure(at, fails, select))
    }
}

fn inputs(at: Workspace<'_>, columns: &[(String, String)]) -> Result<Vec<String>> {
    let (model, templates) = (at.model, &at.catalog.templates);
    let chosen = &model.spec.inputs;
    for (place, pattern) in chosen.iter().enumerate() {
        let place = || templates.in_config(&model.file, &format!("inputs.{place}"), 0);
        if model.spec.is_beside(pattern) {
            return Err(Problem::usage(format!("`{pattern}` is no input"))
                .at(place())
                .hint("a model does not learn from its key, its label, label_known_on, stake_brl or the reference date")
                .into());
        }
        if !columns.iter().any(|(name, _)| matches_family(pattern, name)) {
            let names = columns.iter().map(|(name, _)| name.as_str());
            return Err(Problem::usage(format!("the query returns no input `{pattern}`"))
                .at(place())
                .maybe_hint(suggest(pattern, names))
                .into());
        }
    }
    let is_input = |name: &String| model.spec.learns_from(name);
    let numbers = columns.iter().filter(|(name, _)| is_input(name) || name == STAKE);
    if let Some((name, sql_type)) = numbers.clone().find(|(_, sql_type)| !is_number(sql_type)) {
        let what = if name == STAKE { name.clone() } else { format!("input `{name}`") };
        return Err(Problem::usage(format!("{what} is {sql_type}, not a number"))
            .at(templates.last_mention(&model.file, name))
            .hint("turn it into numbers in this file, e.g. (column = 'value')::int, or leave it out of `inputs`")
            .into());
    }
    let inputs: Vec<String> = numbers.map(|(name, _)| name.clone()).filter(|name| is_input(name)).collect();
    if inputs.is_empty() {
        let place = templates.config_key(&model.file, "inputs");
        return Err(Problem::usage("the query returns no inputs").at(place).into());
    }
    Ok(inputs)
}

/// Whether values of a type are numbers, or truths.
pub fn is_number(sql_type: &str) -> bool {
    let names = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "BOOLEAN"];
    let signed = sql_type.strip_prefix('U').unwrap_or(sql_type);
    names.contains(&signed) || sql_type.starts_with("DECIMAL")
}

/// The problem that an input of the model is no number.
pub fn no_number(at: Workspace<'_>, column: &str, date: NaiveDate, what: &str) -> Problem {
    Problem::data(format!("input `{column}` {what}"))
        .at(at.catalog.templates.last_mention(&at.model.file, column))
        .on(date)
        .hint(if what.contains("NULL") {
            format!("inputs are numbers without NULL: say in this file what a missing one means, e.g. coalesce({column}, 0)")
        } else {
            "`coalesce` mends NULL alone: the macro `ratio` says what a zero denominator gives, `nullif(…)` makes NULL of it".to_owned()
        })
}
