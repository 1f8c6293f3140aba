//! The segment of each row of a date.

use anyhow::{Context, Result};

use crate::dataset::{Dataset, Snapshot, Workspace, pull};
use crate::learn::Clustering;
use crate::registry::Version;
use crate::score::{self, Scores};
use crate::warehouse::text;

/// The segments of a date, staged, and the columns made of them.
pub fn assign(at: Workspace<'_>, version: &Version, snapshot: &Snapshot) -> Result<Scores> {
    let bytes = version.fitted(at.warehouse)?.context("a clustering has centres")?;
    let misfit = |error: anyhow::Error| version.misfit(&at.model.file, &error.to_string());
    let clustering = Clustering::from_bytes(&bytes).map_err(misfit)?;
    let data = pull(at, std::slice::from_ref(snapshot), &std::collections::BTreeMap::new())?;
    let values = stage(at, &data, &data.all(), &clustering).map_err(misfit)?;
    let name = format!(
        "(select segment_name from registry.segments as s
          where s.model = {} and s.version = {} and s.segment = stage.segment)",
        text(&at.model.name),
        version.number
    );
    let columns = vec![
        ("segment", "segment::integer".to_owned(), "Number of the segment; the same in later versions"),
        ("segment_name", name, "Name of the segment in this version, from the model's `name`"),
        ("distance", "distance".to_owned(), "From the centre of the segment, in units of the inputs"),
    ];
    Ok(Scores { data, values, columns, order: "segment", summary: SHARES })
}

/// Puts keys, segments and distances of `rows`, all of one date, into the temporary table `stage`; gives the segments.
pub fn stage(at: Workspace<'_>, data: &Dataset, rows: &[usize], clustering: &Clustering) -> Result<Vec<f64>> {
    let assigned = clustering.assign(&data.matrix.select(rows))?;
    let number = |(at, _): &(usize, f64)| f64::from(clustering.segments()[*at].number);
    let numbers: Vec<f64> = assigned.iter().map(number).collect();
    let distances = assigned.iter().map(|(_, distance)| *distance).collect();
    score::stage(at, data, rows, &[("segment", numbers.clone()), ("distance", distances)])?;
    Ok(numbers)
}

const SHARES: &str = "
with scored as (select segment, segment_name, distance from {table} where reference_date = ?)
select 'rows' as name, count(*)::double as value from scored
union all
select 'mean_distance', avg(distance) from scored having count(*) > 0
union all
select 'share/' || coalesce(any_value(segment_name), segment::varchar), count(*) / (select count(*) from scored)
from scored group by segment";
