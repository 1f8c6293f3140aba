//! The profile of segments: size, the analyst's aggregates, what sets them apart, their names, and what followed.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
use crate::config::Clusters;
use crate::dataset::Pulled;
use crate::learn::{Clustering, Matrix};
use crate::problem::Problem;
use crate::registry::Segment;
use crate::score::Job;
use crate::sql::{Expression, Select};
use crate::warehouse::{SqlError, Warehouse, ident, text};

/// Differences from the mean that are worth a word, in standard deviations, and how many of them.
const NOTABLE: f64 = 0.4;
const MOST: usize = 3;

/// Where the profiles of a model are.
pub fn table_of(model: &Model) -> String {
    format!("{}_profile", model.table())
}

/// One row per segment of the staged rows: size, share, and the aggregates of the model's `profile`.
fn query(
    catalog: &Catalog,
    model: &Model,
    aggregates: &[(String, Expression)],
    date: NaiveDate,
) -> Result<String> {
    let rendered = catalog.render(&model.table(), date)?;
    let on: Vec<String> =
        model.spec.key.iter().map(|key| format!("q.{key} = stage.{key}", key = ident(key))).collect();
    let mut columns = vec![
        "stage.segment::integer as segment".to_owned(),
        "count(*) as size".to_owned(),
        "count(*) / sum(count(*)) over () as share".to_owned(),
    ];
    columns.extend(aggregates.iter().map(|(name, sql)| format!("({sql}) as {}", ident(name))));
    Ok(format!(
        "select {} from (\n{}\n) as q inner join temp.main.stage as stage on {} group by stage.segment",
        columns.join(", "),
        rendered.select()?,
        on.join(" and ")
    ))
}

/// Name, profile line and what followed of each segment, at the training. The newest snapshot is staged.
#[expect(clippy::too_many_arguments, reason = "each is one plain fact about the training")]
pub fn describe(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    clusters: &Clusters,
    pulled: &Pulled,
    clustering: &Clustering,
    snapshot: NaiveDate,
    as_of: NaiveDate,
) -> Result<Vec<Segment>> {
    let profile = query(catalog, model, &clusters.profile, snapshot)?;
    check(warehouse, catalog, model, clusters, snapshot)?;
    let sql = format!(
        "select segment, size, share, ({})::varchar from (\n{profile}\n) as profile order by segment",
        clusters.name
    );
    let read = |row: &duckdb::Row<'_>| {
        let name: Option<String> = row.get(3)?;
        Ok((row.get::<_, i32>(0)?, row.get::<_, i64>(1)?, row.get::<_, f64>(2)?, name))
    };
    let lines = warehouse.rows(&sql, &[], read)?;
    let rows: Vec<usize> = (0..pulled.dates.len()).filter(|&row| pulled.dates[row] == snapshot).collect();
    let apart = apart(model, clustering, &pulled.matrix.select(&rows));
    let followed = followed(pulled, clustering, as_of)?;
    let mut segments: Vec<Segment> = Vec::new();
    for (number, rows, share, name) in lines {
        let name = name.unwrap_or_else(|| format!("segment {number}"));
        let taken = segments.iter().any(|other| other.name == name);
        let (outcome_share, outcome_from) = followed.get(&number).copied().unzip();
        segments.push(Segment {
            number,
            name: if taken { format!("{name} ({number})") } else { name },
            sets_apart: apart.get(&number).cloned().unwrap_or_default(),
            rows,
            share,
            outcome_share,
            outcome_from,
        });
    }
    Ok(segments)
}

/// Tries the analyst's expressions one by one, so that the wrong one is named.
fn check(
    warehouse: &Warehouse,
    catalog: &Catalog,
    model: &Model,
    clusters: &Clusters,
    date: NaiveDate,
) -> Result<()> {
    // The analyst's expression begins behind `head` in the SQL that was tried.
    let place = |path: &str, error: &SqlError, head: usize| {
        let offset = error.position.and_then(|at| at.checked_sub(head)).unwrap_or(0);
        catalog.templates.in_config(&model.file, path, offset)
    };
    for aggregate in &clusters.profile {
        let sql = query(catalog, model, std::slice::from_ref(aggregate), date)?;
        let columns = Select::of(&sql).and_then(|select| warehouse.describe(&select));
        columns.map_err(|error| {
            Problem::usage(format!("the profile's `{}` does not work: {}", aggregate.0, error.headline()))
                .at(place(
                    &format!("profile.{}", aggregate.0),
                    &error,
                    sql.find(&format!("({}) as", aggregate.1)).unwrap_or(0) + 1,
                ))
                .hint("it is an aggregate over the columns of this file's SELECT, e.g. median(price_brl)")
        })?;
    }
    let profile = query(catalog, model, &clusters.profile, date)?;
    let sql = format!("select ({})::varchar from (\n{profile}\n) as profile", clusters.name);
    let described = Select::of(&sql).and_then(|select| warehouse.describe(&select));
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
fn apart(model: &Model, clustering: &Clustering, x: &Matrix) -> BTreeMap<i32, String> {
    let rows = x.rows() as f64;
    let of_column = |at: usize| {
        let values = x.column(at);
        let mean = values.iter().sum::<f64>() / rows;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / rows;
        (mean, variance.sqrt())
    };
    let scales: Vec<(f64, f64)> = (0..x.columns().len()).map(of_column).collect();
    let line = |centre: &[f64]| {
        let difference = |(value, (mean, sd)): (&f64, &(f64, f64))| {
            if *sd > 0.0 { (value - mean) / sd } else { 0.0 }
        };
        let differences = centre.iter().zip(&scales).map(difference);
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
    clustering.segments().iter().map(|segment| (segment.number, line(&segment.centre))).collect()
}

/// The name of an input without what its family has in common: `orders` of `scaled_orders`, if inputs are `scaled_*`.
fn short<'a>(families: &[String], name: &'a str) -> &'a str {
    let stripped = families.iter().find_map(|family| {
        let (head, tail) = family.split_once('*')?;
        name.strip_prefix(head)?.strip_suffix(tail).filter(|rest| !rest.is_empty())
    });
    stripped.unwrap_or(name)
}

/// The share of the label in each segment, at the newest snapshot whose labels were known by `as_of`, and that snapshot.
fn followed(
    pulled: &Pulled,
    clustering: &Clustering,
    as_of: NaiveDate,
) -> Result<BTreeMap<i32, (f64, NaiveDate)>> {
    let mut snapshots = pulled.dates.clone();
    snapshots.dedup();
    for &snapshot in snapshots.iter().rev() {
        let rows: Vec<usize> = (0..pulled.dates.len()).filter(|&row| pulled.dates[row] == snapshot).collect();
        if !pulled.is_settled(&rows, as_of) {
            continue;
        }
        let rows: Vec<usize> = rows.into_iter().filter(|&row| pulled.is_known(row, as_of)).collect();
        let mut counts: BTreeMap<i32, (f64, f64)> = BTreeMap::new();
        let assigned = clustering.assign(&pulled.matrix.select(&rows))?;
        for ((at, _), label) in assigned.into_iter().zip(pulled.truth(&rows)) {
            let (positives, all) = counts.entry(clustering.segments()[at].number).or_default();
            *positives += f64::from(u8::from(label));
            *all += 1.0;
        }
        let share = |(number, (positives, all)): (i32, (f64, f64))| (number, (positives / all, snapshot));
        return Ok(counts.into_iter().map(share).collect());
    }
    Ok(BTreeMap::new())
}

/// Replaces the profile of the job's date. Its rows are staged; runs inside the transaction of the scores.
pub fn write_profile(job: &Job<'_>, clusters: &Clusters, pulled: &Pulled) -> Result<()> {
    check(job.warehouse, job.catalog, job.model, clusters, job.date)?;
    let rows: Vec<usize> = (0..pulled.dates.len()).collect();
    let label = job.model.spec.label();
    let own = label.filter(|_| pulled.is_settled(&rows, NaiveDate::MAX));
    let mut aggregates = clusters.profile.clone();
    if let Some(label) = own {
        aggregates.push((OUTCOME.to_owned(), Expression::of(&format!("avg({}::double)", ident(label)))?));
    }
    let profile = query(job.catalog, job.model, &aggregates, job.date)?;
    let (except, outcome) = match own {
        Some(_) => {
            (format!(", {OUTCOME}"), format!("profile.{OUTCOME}, date '{}' as outcome_from", job.date))
        }
        None => (String::new(), format!("named.{OUTCOME}, named.outcome_from")),
    };
    let sql = format!(
        "select date '{}' as reference_date, profile.segment, named.segment_name,
             profile.* exclude (segment{except}), named.sets_apart, {outcome}, {number}::integer as model_version
         from (\n{profile}\n) as profile
         left join registry.segments as named
             on named.model = {} and named.version = {number} and named.segment = profile.segment
         order by profile.segment",
        job.date,
        text(&job.model.name),
        number = job.version.number,
    );
    let description = format!(
        "One row per segment and reference date: the profile of scores.{}. outcome_share is that of {}.",
        job.model.name,
        label.unwrap_or("nothing: the model has no label")
    );
    job.write(&table_of(job.model), &sql, &description, &COLUMNS)
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
