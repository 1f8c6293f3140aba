//! Why a score, in words: where it stands in its list, and what each input adds to the mean.

mod delivered;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Map, Value};

pub use delivered::Delivered;

use crate::catalog::Model;
use crate::config::Task;
use crate::dataset::{Snapshot, Workspace, is_number};
use crate::learn::{Clustering, Scale};
use crate::output::Table;
use crate::problem::Problem;
use crate::registry::Version;
use crate::score::{self, Scores};
use crate::segment;
use crate::sql::outputs::Outputs;
use crate::warehouse::{Warehouse, ident, idents};

/// Inputs that are told one by one to people.
const TOLD: usize = 10;

/// What moved one score.
#[derive(Serialize)]
pub struct Explanation {
    pub model: String,
    pub reference_date: String,
    /// What the table of scores says of it, its key included.
    #[serde(flatten)]
    pub delivered: Map<String, Value>,
    pub scale: &'static str,
    pub base: f64,
    pub base_is: &'static str,
    /// Base and contributions.
    pub total: f64,
    /// Whether the contributions are Shapley values; else some are approximated, and add up all the same.
    pub is_exact: bool,
    /// The strongest first.
    pub inputs: Vec<Line>,
    /// What has to be known of it.
    pub notes: Vec<String>,
}

/// One input.
#[derive(Serialize)]
pub struct Line {
    pub input: String,
    pub value: Option<f64>,
    /// The median of the list.
    pub usual: Option<f64>,
    pub contribution: f64,
    pub description: Option<String>,
    /// The columns of the ABT that it is computed from, if it is.
    pub made_of: Vec<Part>,
}

/// A column of an ABT.
#[derive(Serialize)]
pub struct Part {
    pub column: String,
    pub value: Option<f64>,
    /// The median of the list.
    pub usual: Option<f64>,
    pub description: Option<String>,
}

/// Explains what `version` says now of the row that was `delivered`; `tables` has the ABTs.
///
/// # Errors
/// A row that is not in the list any more, or of which the model can say nothing.
pub fn explain(
    at: Workspace<'_>,
    version: &Version,
    tables: &Warehouse,
    snapshot: &Snapshot,
    delivered: Delivered,
) -> Result<Explanation> {
    let (name, date) = (&at.model.name, snapshot.date);
    let scores = match &at.model.spec.task {
        Task::Binary(_) => score::probabilities(at, version, snapshot)?,
        Task::Clusters(_) => segment::assign(at, version, snapshot)?,
    };
    let row =
        scores.data.entities.iter().position(|entity| *entity == delivered.entity).ok_or_else(|| {
            Problem::data(format!("`{}` is not in the list of `{name}` at {date} any more", delivered.entity))
                .hint(format!(
                    "its tables were built again since: `olist run --date {date}` makes the list anew"
                ))
        })?;
    let strongest = scores.reasons.strongest(row).ok_or_else(|| {
        let what = format!("nothing can be said of why version {} of `{name}` scores so", version.number);
        Problem::data(what).hint(
            "a rule is explained where it reads at most 12 columns of its own row, and can be computed for the \
             usual value of each",
        )
    })?;
    let mut notes = notes(&scores, version, &delivered, row);
    if matches!(at.model.spec.task, Task::Clusters(_)) {
        notes.extend(next_segment(at, version, &scores, row)?);
    }
    let mut lines = lines(at, version, &scores, row, &strongest)?;
    let inputs: Vec<&str> = lines.iter().map(|line| line.input.as_str()).collect();
    let parts = parts(tables, at.model, snapshot, &delivered, &inputs)?;
    lines.iter_mut().zip(parts).for_each(|(line, parts)| line.made_of = parts);
    let contributions = &scores.reasons.contributions;
    let (scale, base_is) = match contributions.scale {
        Scale::LogOdds => ("log-odds", "mean of the list"),
        Scale::Probability => ("probability", "mean of the list"),
        Scale::Rule => ("probability", "all inputs as usual"),
        Scale::Distance => ("squared distance", "as near to the next centre"),
    };
    Ok(Explanation {
        model: name.clone(),
        reference_date: date.to_string(),
        delivered: delivered.facts,
        scale,
        base: contributions.base,
        base_is,
        total: contributions.total(row),
        is_exact: contributions.is_exact,
        inputs: lines,
        notes,
    })
}

fn lines(
    at: Workspace<'_>,
    version: &Version,
    scores: &Scores,
    row: usize,
    strongest: &[usize],
) -> Result<Vec<Line>> {
    let sql = "select input, description from registry.inputs
        where model = ? and version = ? and description is not null";
    let read = |row: &duckdb::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let texts = at.warehouse.rows(sql, &[&version.model, &version.number], read)?;
    let rows = 0..scores.values.len();
    let line = |input: &usize| {
        let name = &scores.reasons.inputs[*input];
        let (value, contribution) = scores.reasons.at(row, *input);
        let mut values: Vec<f64> = rows.clone().filter_map(|row| scores.reasons.at(row, *input).0).collect();
        values.sort_unstable_by(f64::total_cmp);
        // One that occurs: of an even number of rows the lower one in the middle.
        let usual = values.get(values.len().saturating_sub(1) / 2).copied();
        let description = texts.iter().find(|(input, _)| input == name).map(|(_, words)| words.clone());
        Line { input: name.clone(), value, usual, contribution, description, made_of: Vec::new() }
    };
    Ok(strongest.iter().map(line).collect())
}

/// The columns that each of `inputs` is made of, where it is not one of them as it is; `tables` has the ABTs.
fn parts(
    tables: &Warehouse,
    model: &Model,
    snapshot: &Snapshot,
    delivered: &Delivered,
    inputs: &[&str],
) -> Result<Vec<Vec<Part>>> {
    let columns = |table: &str| tables.columns(table).unwrap_or_default();
    let has = |table: &str, column: &str| {
        columns(table).iter().any(|(name, sql_type)| name.eq_ignore_ascii_case(column) && is_number(sql_type))
    };
    let Some(outputs) = Outputs::read(&snapshot.select.sql, &has) else {
        return Ok(inputs.iter().map(|_| Vec::new()).collect());
    };
    let of_input = |input: &&str| {
        let output = outputs.column(input);
        let reads = output.reads.iter().filter(|_| output.expression.is_some());
        reads.map(|(table, column)| part(tables, model, delivered, table, column)).collect()
    };
    inputs.iter().map(of_input).collect()
}

fn part(tables: &Warehouse, model: &Model, delivered: &Delivered, table: &str, column: &str) -> Result<Part> {
    let sql = format!(
        "select any_value({column}::double) filter (where concat_ws(' ', {}) = ?), quantile_disc({column}::double, 0.5),
             (select any_value(comment) from duckdb_columns()
              where database_name = 'warehouse' and schema_name || '.' || table_name = ? and column_name = ?)
         from {table} where reference_date = ?",
        idents(&model.spec.key),
        column = ident(column)
    );
    let values: [&dyn duckdb::ToSql; 4] = [&delivered.entity, &table, &column, &delivered.date];
    let read = |row: &duckdb::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (value, usual, description) = tables.row(&sql, &values, read)?.unwrap_or_default();
    Ok(Part { column: column.to_owned(), value, usual, description })
}

/// How far this can be trusted.
fn notes(scores: &Scores, version: &Version, delivered: &Delivered, row: usize) -> Vec<String> {
    let mut notes = Vec::new();
    let now = scores.values[row];
    if (now - delivered.value).abs() > 1e-9 {
        notes.push(format!(
            "delivered was {}; its tables were built again since, and of them version {} makes {}, which is explained here",
            short(delivered.value),
            version.number,
            short(now)
        ));
    }
    if !scores.reasons.contributions.is_exact {
        notes.push(
            "approximated: a forest's part in the blend is its contributions to the probability, scaled to log-odds"
                .to_owned(),
        );
    }
    notes
}

/// Which segment the row is compared with.
fn next_segment(at: Workspace<'_>, version: &Version, scores: &Scores, row: usize) -> Result<Option<String>> {
    let Some(bytes) = version.fitted(at.warehouse)? else { return Ok(None) };
    let clustering = Clustering::from_bytes(&bytes)?;
    let [_, next] = clustering.nearest_two(&scores.data.matrix.row_major(&[row]));
    let number = clustering.segments()[next].number;
    let sql = "select segment_name from registry.segments where model = ? and version = ? and segment = ?";
    let name = at.warehouse.row(sql, &[&version.model, &version.number, &number], |row| row.get(0))?;
    let name: String = name.unwrap_or_else(|| number.to_string());
    Ok(Some(format!("the next segment is `{name}`: what speaks for it is below 0")))
}

impl Line {
    /// What it adds, its value, and what it is or is made of.
    fn text(&self) -> String {
        let description = self.description.as_deref().filter(|_| self.made_of.is_empty());
        let own = told(&self.input, self.value, self.usual, description);
        let parts = self.made_of.iter().map(|part| {
            let text = told(&part.column, part.value, part.usual, part.description.as_deref());
            format!("          {text}\n")
        });
        format!("{:+8.3}  {own}\n{}", self.contribution, parts.collect::<String>())
    }
}

/// `recency_days 38 (usual 4): Days since the last order`
fn told(name: &str, value: Option<f64>, usual: Option<f64>, description: Option<&str>) -> String {
    let value = value.map(|value| format!(" {}", short(value))).unwrap_or_default();
    let usual = usual.map(|usual| format!(" (usual {})", short(usual))).unwrap_or_default();
    let words = description.map(|words| format!(": {words}")).unwrap_or_default();
    format!("{name}{value}{usual}{words}")
}

impl Explanation {
    /// For people: who and where, that it adds up, and the strongest inputs.
    pub fn text(&self) -> String {
        let told = if self.inputs.len() > TOLD + 1 { TOLD } else { self.inputs.len() };
        let (inputs, others) = self.inputs.split_at(told);
        let rest: f64 = others.iter().map(|line| line.contribution).sum();
        let rest = (!others.is_empty()).then(|| format!("{rest:+8.3}  {} other inputs\n", others.len()));
        let lines: String = inputs.iter().map(Line::text).chain(rest).collect();
        let facts: Vec<String> =
            self.delivered.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
        let sum = format!(
            "{}: {} ({}) {:+.3} (inputs) = {}",
            self.scale,
            short(self.base),
            self.base_is,
            self.total - self.base,
            short(self.total)
        );
        let facts = facts.join(", ").replacen(", of ", " of ", 1);
        format!("{} at {}\n{facts}\n{sum}\n\n{lines}", self.model, self.reference_date)
    }

    /// For programs: all inputs.
    pub fn table(&self) -> Table {
        let mut table = Table::new(&["input", "value", "usual", "contribution", "description"]);
        for line in &self.inputs {
            let [value, usual] = [line.value, line.usual]
                .map(|value| value.map(|value| value.to_string()).unwrap_or_default());
            let description = line.description.as_deref().unwrap_or_default();
            table.row(&[&line.input, &value, &usual, &line.contribution, &description]);
        }
        table
    }
}

/// A number in as few digits as say it.
fn short(value: f64) -> String {
    let digits = if value.abs() >= 100.0 { 1 } else { 3 };
    let text = format!("{value:.digits$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), short),
        other => other.to_string(),
    }
}
