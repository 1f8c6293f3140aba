//! The profile of segments: size, the analyst's aggregates, what sets them apart, their names, and what followed.

use anyhow::Result;
use chrono::NaiveDate;

use super::outcome;
use crate::catalog::Model;
use crate::config::Clusters;
use crate::dataset::{Dataset, Snapshot, Workspace};
use crate::learn::{self, Clustering, Matrix, mean_and_sd};
use crate::problem::Problem;
use crate::registry::{Segment, Version};
use crate::score;
use crate::sql::{Expression, Select, SqlError};
use crate::warehouse::{ident, text};

/// Differences from the mean that are worth a word, in standard deviations, and how many of them.
const NOTABLE: f64 = 0.4;
const MOST: usize = 3;

/// Where the profiles of a model are.
pub fn table_of(model: &Model) -> String {
    format!("{}_profile", model.table())
}

/// One row per segment of the staged rows: size, share, and `aggregates` over the columns of the model's SELECT.
fn query(
    at: Workspace<'_>,
    snapshot: &Snapshot,
    aggregates: &[(String, Expression)],
) -> Result<String, SqlError> {
    let keys = at.model.spec.key.iter();
    let on: Vec<String> = keys.map(|key| format!("q.{key} = stage.{key}", key = ident(key))).collect();
    let mut columns = vec![
        "stage.segment::integer as segment".to_owned(),
        "count(*) as size".to_owned(),
        "count(*) / sum(count(*)) over () as share".to_owned(),
    ];
    columns.extend(aggregates.iter().map(|(name, sql)| format!("({sql}) as {}", ident(name))));
    Ok(format!(
        "select {} from (\n{}\n) as q inner join temp.main.stage as stage on {} group by stage.segment",
        columns.join(", "),
        snapshot.select.select()?,
        on.join(" and ")
    ))
}

/// Name, profile line and what followed of each segment, at the training. The newest snapshot is staged.
pub fn describe(
    at: Workspace<'_>,
    clusters: &Clusters,
    newest: &Snapshot,
    data: &Dataset,
    clustering: &Clustering,
    as_of: NaiveDate,
) -> Result<Vec<Segment>> {
    check(at, clusters, newest)?;
    let sql = format!(
        "select segment, size, share, ({})::varchar from (\n{}\n) as profile order by segment",
        clusters.name,
        query(at, newest, &clusters.profile)?
    );
    let followed = outcome::followed(data, clustering, as_of)?;
    let apart = apart(at.model, clustering, &data.matrix.select(&data.of(newest.date)));
    let mut segments = at.warehouse.rows(&sql, &[], |row| {
        let number = row.get(0)?;
        let place = clustering.segments().iter().position(|segment| segment.number == number);
        let (outcome_share, outcome_from) = place.and_then(|place| followed[place]).unzip();
        Ok(Segment {
            number,
            name: row.get::<_, Option<String>>(3)?.unwrap_or_else(|| format!("segment {number}")),
            sets_apart: place.map(|place| apart[place].clone()).unwrap_or_default(),
            rows: row.get(1)?,
            share: row.get(2)?,
            outcome_share,
            outcome_from: outcome_from.map(|date| date.to_string()),
        })
    })?;
    for at in 1..segments.len() {
        if segments[..at].iter().any(|other| other.name == segments[at].name) {
            segments[at].name = format!("{} ({})", segments[at].name, segments[at].number);
        }
    }
    Ok(segments)
}

/// Tries the analyst's expressions one by one, so that the wrong one is named.
fn check(at: Workspace<'_>, clusters: &Clusters, snapshot: &Snapshot) -> Result<()> {
    // The analyst's expression begins behind `head` in the SQL that was tried.
    let place = |path: &str, error: &SqlError, head: usize| {
        let offset = error.position.and_then(|at| at.checked_sub(head)).unwrap_or(0);
        at.catalog.templates.in_config(&at.model.file, path, offset)
    };
    for aggregate in &clusters.profile {
        let (name, text) = aggregate;
        let sql = query(at, snapshot, std::slice::from_ref(aggregate))?;
        let columns = Select::of(&sql).and_then(|select| at.warehouse.describe(&select));
        columns.map_err(|error| {
            let head = sql.find(&format!("({text}) as")).unwrap_or(0) + 1;
            Problem::usage(format!("the profile's `{name}` does not work: {}", error.headline()))
                .at(place(&format!("profile.{name}"), &error, head))
                .hint("it is an aggregate over the columns of this file's SELECT, e.g. median(price_brl)")
        })?;
    }
    let profile = query(at, snapshot, &clusters.profile)?;
    let sql = format!("select ({})::varchar from (\n{profile}\n) as profile", clusters.name);
    let described = Select::of(&sql).and_then(|select| at.warehouse.describe(&select));
    described.map_err(|error| {
        let columns = clusters.profile.iter().map(|(name, _)| name.as_str());
        let columns: Vec<&str> = ["segment", "size", "share"].into_iter().chain(columns).collect();
        Problem::usage(format!("the `name` of segments does not work: {}", error.headline()))
            .at(place("name", &error, "select (".len()))
            .hint(format!("it is an expression over the columns of the profile: {}", columns.join(", ")))
    })?;
    Ok(())
}

/// For each segment the inputs in which it differs most from all rows.
fn apart(model: &Model, clustering: &Clustering, x: &Matrix) -> Vec<String> {
    let scales: Vec<(f64, f64)> = (0..x.columns().len()).map(|at| mean_and_sd(x.column(at))).collect();
    let line = |segment: &learn::Segment| {
        let difference = |(value, (mean, sd)): (&f64, &(f64, f64))| {
            if *sd > 0.0 { (value - mean) / sd } else { 0.0 }
        };
        let differences = segment.centre.iter().zip(&scales).map(difference);
        let mut notable: Vec<(&String, f64)> =
            x.columns().iter().zip(differences).filter(|(_, by)| by.abs() >= NOTABLE).collect();
        notable.sort_by(|left, right| right.1.abs().total_cmp(&left.1.abs()));
        let word = |(name, by): &(&String, f64)| {
            let level = if *by > 0.0 { "high" } else { "low" };
            format!("{level} {} ({by:+.1} sd)", short(&model.spec.inputs, name))
        };
        let words: Vec<String> = notable.iter().take(MOST).map(word).collect();
        if words.is_empty() { "near the mean in everything".to_owned() } else { words.join(", ") }
    };
    clustering.segments().iter().map(line).collect()
}

/// The name of an input without what its family has in common: `orders` of `scaled_orders`, if inputs are `scaled_*`.
fn short<'a>(families: &[String], name: &'a str) -> &'a str {
    let stripped = families.iter().find_map(|family| {
        let (head, tail) = family.split_once('*')?;
        name.strip_prefix(head)?.strip_suffix(tail).filter(|rest| !rest.is_empty())
    });
    stripped.unwrap_or(name)
}

/// Replaces the profile of a date, whose rows are staged. Runs inside the transaction of the scores.
#[expect(clippy::similar_names, reason = "a date and the data of it")]
pub fn write_profile(
    at: Workspace<'_>,
    clusters: &Clusters,
    version: &Version,
    snapshot: &Snapshot,
    data: &Dataset,
) -> Result<()> {
    check(at, clusters, snapshot)?;
    let (model, date) = (at.model, snapshot.date);
    let label = model.spec.label();
    let own = label.filter(|_| data.is_settled(&data.all(), NaiveDate::MAX));
    let mut aggregates = clusters.profile.clone();
    if let Some(label) = own {
        aggregates.push((OUTCOME.to_owned(), Expression::of(&format!("avg({}::double)", ident(label)))?));
    }
    let (except, outcome) = match own {
        Some(_) => (format!(", {OUTCOME}"), format!("profile.{OUTCOME}, date '{date}' as outcome_from")),
        None => (String::new(), format!("named.{OUTCOME}, named.outcome_from")),
    };
    let sql = format!(
        "select date '{date}' as reference_date, profile.segment, named.segment_name,
             profile.* exclude (segment{except}), named.sets_apart, {outcome}, {number}::integer as model_version
         from (\n{profile}\n) as profile
         left join registry.segments as named
             on named.model = {name} and named.version = {number} and named.segment = profile.segment
         order by profile.segment",
        profile = query(at, snapshot, &aggregates)?,
        name = text(&model.name),
        number = version.number,
    );
    let description = format!(
        "One row per segment and reference date: the profile of scores.{}. outcome_share is that of {}.",
        model.name,
        label.unwrap_or("nothing: the model has no label")
    );
    score::replace(at.warehouse, &table_of(model), date, &sql, &description, &COLUMNS)
}

/// The mean of the label.
const OUTCOME: &str = "outcome_share";

const COLUMNS: [(&str, &str); 7] = [
    ("segment", "Number of the segment; the same in later versions"),
    ("segment_name", "Name of the segment in this version, from the model's `name`"),
    ("size", "Rows in the segment"),
    ("share", "Size / size of all segments"),
    (
        "sets_apart",
        "In which inputs the centre differs most from the mean of all rows, in standard deviations",
    ),
    ("outcome_share", "Rows whose label came true / rows, at outcome_from"),
    ("outcome_from", "This date once its labels are known; until then the newest date known at the training"),
];
