//! The segment of each row of a date.

use anyhow::{Context, Result};

use crate::dataset::{Dataset, Snapshot, Workspace, pull};
use crate::learn::Clustering;
use crate::registry::Version;
use crate::score::{self, Reasons, Scores, numbers};
use crate::warehouse::text;

/// The segments of a date, staged, and the columns made of them.
pub fn assign(at: Workspace<'_>, version: &Version, snapshot: &Snapshot) -> Result<Scores> {
    let bytes = version.fitted(at.warehouse)?.context("a clustering has centres")?;
    let misfit = |error: anyhow::Error| version.misfit(&at.model.file, &error.to_string());
    let clustering = Clustering::from_bytes(&bytes).map_err(misfit)?;
    let data = pull(at, std::slice::from_ref(snapshot), &[])?;
    let (values, reasons) = stage(at, &data, &data.all(), &clustering).map_err(misfit)?;
    let columns = format!(
        "segment::integer as segment,
         (select segment_name from registry.segments as s
          where s.model = {} and s.version = {} and s.segment = stage.segment) as segment_name,
         distance, reasons",
        text(&at.model.name),
        version.number
    );
    Ok(Scores { data, values, reasons, columns, comments: &COMMENTS, order: "segment", summary: SHARES })
}

const COMMENTS: [(&str, &str); 4] = [
    ("segment", "Number of the segment; the same in later versions"),
    ("segment_name", "Name of the segment in this version, from the model's `name`"),
    ("distance", "From the centre of the segment, in units of the inputs"),
    (
        "reasons",
        "The inputs that say most for this segment and against the next one, up to three each; contributions are \
         by how much nearer its centre is, in squared units",
    ),
];

/// Puts keys, segments and distances of `rows`, all of one date, into the temporary table `stage`; gives the segments
/// and why.
pub fn stage(
    at: Workspace<'_>,
    data: &Dataset,
    rows: &[usize],
    clustering: &Clustering,
) -> Result<(Vec<f64>, Reasons)> {
    let x = data.matrix.select(rows);
    let assigned = clustering.assign(&x)?;
    let reasons = Reasons::new(&x, clustering.contributions(&x)?);
    let number = |(at, _): &(usize, f64)| f64::from(clustering.segments()[*at].number);
    let segments: Vec<f64> = assigned.iter().map(number).collect();
    let distances: Vec<f64> = assigned.iter().map(|(_, distance)| *distance).collect();
    let columns = vec![
        ("segment", numbers(&segments)),
        ("distance", numbers(&distances)),
        ("reasons", reasons.column(rows.len())),
    ];
    score::stage(at, data, rows, columns)?;
    Ok((segments, reasons))
}

const SHARES: &str = "
with scored as (select segment, segment_name, distance from {table} where reference_date = ?)
select 'rows' as name, count(*)::double as value from scored
union all
select 'mean_distance', avg(distance) from scored having count(*) > 0
union all
select 'share/' || coalesce(any_value(segment_name), segment::varchar), count(*) / (select count(*) from scored)
from scored group by segment";
