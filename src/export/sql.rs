//! A version as one SELECT: the model's own query, and the arithmetic of `learn` over it.
//!
//! Constants are written with an exponent, which makes them doubles: `0.1` alone would be a DECIMAL.

use anyhow::Result;

use super::{Scorer, Subject, scorer, segment_names, sql_trees};
use crate::learn::{Boosting, Clustering, EDGE, Fitted, Learner, Logistic};
use crate::sql::{Select, SqlError};
use crate::warehouse::{ident, text};

/// The SELECT that gives what `scores.<model>` has: the key, and the score or the segment.
pub fn write(subject: &Subject<'_>) -> Result<String> {
    let rendered = subject.rendered()?;
    let select = rendered.select()?;
    let query = select.as_str().trim();
    let keys = keys(subject, "q.");
    let by_score = format!("score desc, {keys}");
    let (ctes, what, join, order) = match scorer(subject.warehouse, subject.version)? {
        Scorer::Rule(expression) => {
            let score = format!("cast(({expression}) as double) as score");
            (vec![cte("inputs", query)], score, String::new(), by_score)
        }
        Scorer::Predicts(fitted) => {
            let mut parts = Parts::new(subject, query, fitted.columns());
            let last = parts.fitted(&fitted);
            let join = parts.joined(&last);
            (parts.ctes, format!("{last}.score"), join, by_score)
        }
        Scorer::Groups(clustering) => {
            let mut parts = Parts::new(subject, query, clustering.columns());
            parts.segments(subject, &clustering)?;
            let join = parts.joined("nearest");
            let what = "nearest.segment, nearest.segment_name, nearest.distance";
            (parts.ctes, what.to_owned(), join, "nearest.segment, nearest.distance".to_owned())
        }
    };
    let word = if ctes.iter().any(|one| one.starts_with("trees_")) { "with recursive" } else { "with" };
    let sql = format!(
        "{}{word} {}\n\nselect date '{}' as reference_date, {keys}, {what}\nfrom inputs as q{join}\norder by {order}\n",
        header(subject),
        ctes.join(",\n\n"),
        subject.date,
    );
    let misfit = |error: SqlError| subject.version.misfit(&subject.model.file, &error.headline());
    Select::of(&sql).and_then(|select| subject.warehouse.describe(&select)).map_err(misfit)?;
    Ok(sql)
}

fn header(subject: &Subject<'_>) -> String {
    let (version, date) = (subject.version, subject.date);
    format!(
        "-- scores of `{0}` at {date}, as in scores.{0}\n-- by version {1}: `{2}`, trained through {3}\n\
         -- written by olist {4}; needs nothing but DuckDB and the tables of the first query\n",
        version.model,
        version.number,
        version.candidate.replace('\n', " "),
        version.trained_through,
        env!("CARGO_PKG_VERSION")
    )
}

fn keys(subject: &Subject<'_>, table: &str) -> String {
    let key = subject.model.spec.key.iter().map(|name| format!("{table}{}", ident(name)));
    key.collect::<Vec<_>>().join(", ")
}

fn cte(name: &str, body: &str) -> String {
    format!("{name} as (\n{body}\n)")
}

/// A double, exactly.
pub fn number(value: f64) -> String {
    if value.is_infinite() { "'inf'::double".to_owned() } else { format!("({value:e})") }
}

/// The parts of the SELECT, one common table expression each.
pub struct Parts {
    pub ctes: Vec<String>,
    /// Name of the column that numbers the rows: none of the inputs has it.
    pub row: String,
    pub inputs: Vec<String>,
    count: usize,
}

impl Parts {
    fn new(subject: &Subject<'_>, query: &str, inputs: &[String]) -> Self {
        let mut row = "row_id".to_owned();
        while inputs.contains(&row) || subject.model.spec.key.contains(&row) {
            row.push('_');
        }
        let columns: Vec<String> =
            inputs.iter().map(|name| format!("    cast({0} as double) as {0}", ident(name))).collect();
        let key = keys(subject, "");
        let body = format!(
            "select\n    row_number() over (order by {key}) as {row}, {key},\n{}\nfrom inputs_query",
            columns.join(",\n")
        );
        let ctes = vec![cte("inputs_query", query), format!("inputs as materialized (\n{body}\n)")];
        Self { ctes, row, inputs: inputs.to_vec(), count: 0 }
    }

    /// The rows `q` of the inputs beside those of a part.
    fn joined(&self, part: &str) -> String {
        format!("\ninner join {part} on {part}.{0} = q.{0}", self.row)
    }

    /// Adds what computes a fitted model; gives the name of the expression with its scores.
    fn fitted(&mut self, fitted: &Fitted) -> String {
        match fitted.learner() {
            Learner::Logistic(logistic) => {
                let score = probability(&self.linear(logistic));
                let name = self.next("logistic");
                self.push(&name, &format!("select {}, {score} as score\nfrom inputs", self.row));
                name
            }
            Learner::Forest(trees) => {
                let mean = format!("sum(leaf) / {}", trees.0.len());
                sql_trees::add(self, "forest", trees, &mean)
            }
            Learner::Boosting(Boosting { base, trees }) => {
                let score = probability(&format!("{} + sum(leaf)", number(*base)));
                sql_trees::add(self, "boosting", trees, &score)
            }
            Learner::Blend(members) => {
                let names: Vec<String> = members.iter().map(|member| self.fitted(member)).collect();
                let odds: Vec<String> = names.iter().map(|name| log_odds(&format!("{name}.score"))).collect();
                let score = probability(&format!("({}) / {}", odds.join(" + "), names.len()));
                let joins: String = names.iter().map(|name| self.joined(name)).collect();
                let name = self.next("blend");
                self.push(
                    &name,
                    &format!("select q.{}, {score} as score\nfrom inputs as q{joins}", self.row),
                );
                name
            }
        }
    }

    fn linear(&self, logistic: &Logistic) -> String {
        let term = |(name, term): (&String, &crate::learn::Term)| {
            let standardised = format!("({} - {}) / {}", ident(name), number(term.mean), number(term.sd));
            format!("{} * ({standardised})", number(term.coefficient))
        };
        let terms = self.inputs.iter().zip(&logistic.terms).map(term);
        std::iter::once(number(logistic.intercept)).chain(terms).collect::<Vec<_>>().join("\n    + ")
    }

    fn segments(&mut self, subject: &Subject<'_>, clustering: &Clustering) -> Result<()> {
        let segments = clustering.segments();
        let names = segment_names(subject.warehouse, subject.version, clustering)?;
        let row_of = |(place, segment): (usize, &crate::learn::Segment)| {
            let name = names.as_ref().map_or("null".to_owned(), |names| text(&names[place]));
            let centre: Vec<String> = segment.centre.iter().map(|&value| number(value)).collect();
            format!("    ({place}, {}, {name}, {})", segment.number, centre.join(", "))
        };
        let rows: Vec<String> = segments.iter().enumerate().map(row_of).collect();
        let centres: Vec<String> = (0..self.inputs.len()).map(|at| format!("c{at}")).collect();
        let head = format!("centres (place, segment, segment_name, {})", centres.join(", "));
        self.push(&head, &format!("values\n{}", rows.join(",\n")));
        let squares: Vec<String> = self
            .inputs
            .iter()
            .zip(&centres)
            .map(|(name, centre)| format!("(inputs.{} - centres.{centre}) ** 2", ident(name)))
            .collect();
        let row = &self.row;
        let body = format!(
            "select inputs.{row}, centres.segment, centres.segment_name,\n    sqrt({}) as distance\nfrom inputs\n\
             cross join centres\nqualify row_number() over (partition by inputs.{row} order by distance, centres.place) = 1",
            squares.join(" + ")
        );
        self.push("nearest", &body);
        Ok(())
    }

    fn push(&mut self, name: &str, body: &str) {
        self.ctes.push(cte(name, body));
    }

    /// A name that no other part has.
    pub fn next(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{what}_{}", self.count)
    }
}

fn probability(log_odds: &str) -> String {
    format!("1 / (1 + exp(-({log_odds})))")
}

fn log_odds(p: &str) -> String {
    let clipped = format!("least(greatest({p}, {}), {})", number(EDGE), number(1.0 - EDGE));
    format!("ln({clipped} / (1 - {clipped}))")
}
