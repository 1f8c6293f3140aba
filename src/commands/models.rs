//! `olist models [MODEL]`, and what one version is, or what differs between two.

use anyhow::Result;

use super::Session;
use crate::output::{self, Format};
use crate::problem::Problem;
use crate::registry::changes::Changes;
use crate::registry::{self, comparison, whole};
use crate::term;
use crate::warehouse::{Warehouse, text};

pub fn models(
    session: &Session,
    name: Option<&str>,
    version: Option<i32>,
    diff: Option<&[i32]>,
) -> Result<()> {
    let warehouse = session.open_whole(Vec::new())?;
    match (name, version, diff) {
        (Some(name), _, Some(&[one, other])) => difference(session, &warehouse, name, one, other),
        (Some(name), Some(number), _) => version_of(session, &warehouse, name, number),
        (Some(name), None, _) => one(session, &warehouse, name),
        (None, ..) => all(session, &warehouse),
    }
}

fn difference(session: &Session, warehouse: &Warehouse, name: &str, one: i32, other: i32) -> Result<()> {
    let (one, other) = (registry::version(warehouse, name, one)?, registry::version(warehouse, name, other)?);
    let changes = Changes::between(warehouse, &one, &other)?;
    match session.options.format {
        Format::Json => output::json(&changes),
        Format::Csv => changes.table().print(Format::Csv),
        format => {
            term::data(&changes.text())?;
            term::note("");
            changes.table().print(format)
        }
    }
}

fn version_of(session: &Session, warehouse: &Warehouse, name: &str, number: i32) -> Result<()> {
    let version = registry::version(warehouse, name, number)?;
    if session.options.format == Format::Json {
        return output::json(&whole::of(warehouse, &version)?);
    }
    comparison::of(warehouse, name, number)?.print(session.options.format)?;
    if let Some(reason) = registry::contests::reason(warehouse, name, number)? {
        term::note(&format!("{name}: version {number}, {reason}"));
    }
    Ok(())
}

fn all(session: &Session, warehouse: &Warehouse) -> Result<()> {
    let rows = warehouse.arrow(
        "select m.model, m.version, m.candidate as champion, m.algorithm, m.metric, round(m.mean_metric, 4) as mean,
             m.as_of, m.trained_through, m.trained_rows as rows, c.since::timestamp(0) as champion_since
         from registry.models as m
         inner join registry.champions as c on c.model = m.model and c.version = m.version and c.until is null
         order by m.model",
    )?;
    if rows.rows() == 0 {
        term::note("no model is trained yet: `olist run --date D` trains those that are due");
        if session.options.format == Format::Table {
            return Ok(());
        }
    }
    rows.table().print(session.options.format)
}

fn one(session: &Session, warehouse: &Warehouse, name: &str) -> Result<()> {
    let newest = "select metric, version from registry.models where model = ? order by version desc limit 1";
    let newest = warehouse.row(newest, &[&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (metric, last): (String, i32) = newest.ok_or_else(|| {
        Problem::usage(format!("`{name}` has no versions"))
            .hint(format!("`olist models` lists what is trained; `olist train {name}` trains it"))
    })?;
    let versions = warehouse.arrow(&format!(
        "select m.version, m.candidate, m.algorithm, round(m.mean_metric, 4) as mean_{metric}, m.as_of,
             m.trained_through, m.trained_rows as rows, octet_length(m.fitted) as bytes,
             case when c.since is null then 'kept' when c.until is null then 'champion'
                 else coalesce(c.ended_because, '') end as state,
             c.since::timestamp(0) as since, c.until::timestamp(0) as until, coalesce(c.reason, t.reason) as reason
         from registry.models as m
         left join registry.champions as c on c.model = m.model and c.version = m.version
         left join registry.contests as t on t.model = m.model and t.version = m.version
         where m.model = {}
         order by coalesce(c.since, m.trained_at), m.version",
        text(name),
    ))?;
    versions.table().print(session.options.format)?;
    if session.options.format == Format::Table {
        term::note(&format!("\nout of time, at the training of version {last}, as registry.metrics has it:"));
        comparison::of(warehouse, name, last)?.print(session.options.format)?;
    }
    Ok(())
}
