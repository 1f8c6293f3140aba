//! A version as one SELECT: the model's own query, and the arithmetic of `learn` over it.
//!
//! Constants are written with an exponent, which makes them doubles: `0.1` alone would be a DECIMAL.

use anyhow::Result;

use super::{Scorer, Subject, scorer, segment_names, sql_trees};
use crate::learn::{Boosting, Clustering, EDGE, Fitted, Learner, Logistic};
use crate::warehouse::{ident, text};

/// The SELECT that gives what `scores.<model>` has: the key, and the score or the segment.
///
/// # Errors
/// A file that has changed so that the version no longer fits, or a registry that cannot be read.
pub fn write(subject: &Subject<'_>) -> Result<String> {
    let rendered = subject.rendered()?;
    let query = rendered.sql.trim().trim_end_matches(';').trim_end();
    let scorer = scorer(subject.warehouse, subject.version)?;
    let (ctes, select) = match &scorer {
        Scorer::Rule(expression) => {
            let score = format!("cast(({expression}) as double) as score");
            (
                vec![cte("inputs", query)],
                format!(
                    "{}\nfrom inputs as q\norder by score desc, {}",
                    columns(subject, "", &score),
                    keys(subject, "")
                ),
            )
        }
        Scorer::Predicts(fitted) => {
            let mut parts = Parts::new(subject, query, fitted.columns());
            let last = parts.fitted(fitted);
            let row = ident(&parts.row);
            let select = columns(subject, "inputs.", &format!("{last}.score"));
            let order = format!("score desc, {}", keys(subject, "inputs."));
            (
                parts.ctes,
                format!(
                    "{select}\nfrom inputs\ninner join {last} on {last}.{row} = inputs.{row}\norder by {order}"
                ),
            )
        }
        Scorer::Groups(clustering) => {
            let mut parts = Parts::new(subject, query, clustering.columns());
            parts.segments(subject, clustering)?;
            let row = ident(&parts.row);
            let what = "nearest.segment, nearest.segment_name, nearest.distance";
            let select = columns(subject, "inputs.", what);
            let order = "nearest.segment, nearest.distance";
            (
                parts.ctes,
                format!(
                    "{select}\nfrom inputs\ninner join nearest on nearest.{row} = inputs.{row}\norder by {order}"
                ),
            )
        }
    };
    let word = if ctes.iter().any(|one| one.starts_with("walk_")) { "with recursive" } else { "with" };
    let sql = format!("{}{word} {}\n\n{select}\n", header(subject), ctes.join(",\n\n"));
    subject
        .warehouse
        .describe(&sql)
        .map_err(|error| subject.version.misfit(&subject.model.file, &error.headline()))?;
    Ok(sql)
}

fn header(subject: &Subject<'_>) -> String {
    let version = subject.version;
    let line = |text: String| format!("-- {}\n", text.replace('\n', " "));
    [
        format!("scores of `{}` at {}, as in scores.{}", version.model, subject.date, version.model),
        format!(
            "by version {}: `{}`, trained through {}",
            version.number, version.candidate, version.trained_through
        ),
        format!(
            "written by olist {}; needs nothing but DuckDB and the tables of the first query",
            env!("CARGO_PKG_VERSION")
        ),
    ]
    .map(line)
    .concat()
}

fn keys(subject: &Subject<'_>, table: &str) -> String {
    let key = subject.model.spec.key.iter().map(|name| format!("{table}{}", ident(name)));
    key.collect::<Vec<_>>().join(", ")
}

fn columns(subject: &Subject<'_>, table: &str, what: &str) -> String {
    format!("select date '{}' as reference_date, {}, {what}", subject.date, keys(subject, table))
}

pub fn cte(name: &str, body: &str) -> String {
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
                let mean = format!("sum(leaf) / {}", trees.len());
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
                let (row, first) = (&self.row, &names[0]);
                let join = |name: &String| format!("inner join {name} on {name}.{row} = {first}.{row}");
                let from: Vec<String> =
                    std::iter::once(first.clone()).chain(names[1..].iter().map(join)).collect();
                let from = from.join("\n");
                let body = format!("select {first}.{row}, {score} as score\nfrom {from}");
                let name = self.next("blend");
                self.push(&name, &body);
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

    pub fn push(&mut self, name: &str, body: &str) {
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
