//! A rule or a slice: an expression of the model's config over the columns of its SELECT.

use chrono::NaiveDate;

use super::Workspace;
use crate::problem::Problem;
use crate::sql::{Expression, Select, SqlError};

pub struct Computed {
    pub name: String,
    /// ``the rule `name` ``
    what: String,
    /// Where it stands in the config.
    path: String,
    sql: Expression,
    sql_type: &'static str,
}

impl Computed {
    pub fn rule(name: &str, sql: &Expression) -> Self {
        Self {
            name: name.to_owned(),
            what: format!("the rule `{name}`"),
            path: format!("candidates.{name}.expression"),
            sql: sql.clone(),
            sql_type: "double",
        }
    }

    pub fn slice(name: &str, sql: &Expression) -> Self {
        Self {
            name: name.to_owned(),
            what: format!("the slice `{name}`"),
            path: format!("slices.{name}"),
            sql: sql.clone(),
            sql_type: "boolean",
        }
    }

    /// Its column beside those of the SELECT.
    pub fn column(&self) -> String {
        format!("cast(({}) as {})", self.sql, self.sql_type)
    }

    /// As the only column over `select`.
    fn over(&self, select: &Select) -> Select {
        select.computing("select cast((", &self.sql, &format!(") as {})", self.sql_type))
    }

    /// What the SELECT's columns do not give it.
    pub fn binding(&self, at: Workspace<'_>, select: &Select) -> Option<Problem> {
        let gives = |sql: Select| at.warehouse.describe(&sql);
        let error = match gives(self.over(select)) {
            Err(error) => error,
            // DuckDB takes any number but 0 for true.
            Ok(_) if self.sql_type == "boolean" => {
                let own = gives(select.computing("select (", &self.sql, ")")).ok()?;
                let (_, other) = own.first().filter(|(_, of)| of != "BOOLEAN")?;
                let problem = Problem::usage(format!("{} is no condition: it gives {other}", self.what))
                    .hint("it is true for the rows that belong to it, such as `age_days <= 7`");
                return Some(problem.at(at.catalog.templates.in_config(&at.model.file, &self.path, 0)));
            }
            Ok(_) => return None,
        };
        let near = error.near();
        let problem = Problem::usage(format!("{} does not work: {}", self.what, error.headline()))
            .hint("it is an expression over the columns of this file's SELECT");
        Some(self.place(at, problem, &error).maybe_hint(near))
    }

    /// What it fails for in some row, where the SELECT alone works.
    pub fn failure(
        &self,
        at: Workspace<'_>,
        fails: impl Fn(&Select) -> Option<SqlError>,
        select: &Select,
    ) -> Option<Problem> {
        let error = fails(&self.over(select))?;
        let problem = Problem::data(format!("{} fails: {}", self.what, error.headline()))
            .hint("it is computed for every row, so it has to hold for all of them");
        Some(self.place(at, problem, &error))
    }

    fn place(&self, at: Workspace<'_>, problem: Problem, error: &SqlError) -> Problem {
        let file = &at.model.file;
        problem.at(at.catalog.templates.in_config(file, &self.path, error.position.unwrap_or(0)))
    }

    fn wrong(&self, at: Workspace<'_>, date: NaiveDate, gives: &str, hint: &str) -> Problem {
        let place = at.catalog.templates.in_config(&at.model.file, &self.path, 0);
        Problem::data(format!("{} {gives}", self.what)).at(place).on(date).hint(hint)
    }

    /// The problem that a rule `gives` what is no number.
    pub fn no_number(&self, at: Workspace<'_>, date: NaiveDate, gives: &str) -> Problem {
        let hint = "a rule gives a probability for every row: say what it is where something is missing, e.g. coalesce(…, 0.5)";
        self.wrong(at, date, gives, hint)
    }

    /// # Errors
    /// A value of a rule that is no probability.
    pub fn check(&self, at: Workspace<'_>, date: NaiveDate, values: &[f64]) -> Result<(), Problem> {
        let Some(wrong) = values.iter().find(|value| !(0.0..=1.0).contains(*value)) else { return Ok(()) };
        let hint = "a rule gives numbers from 0 to 1; 1 / (1 + exp(-x)) turns any number x into one";
        Err(self.wrong(at, date, &format!("gives {wrong}, which is no probability"), hint))
    }
}
