//! Scores of a model that predicts: the probability of its label.

use anyhow::Result;

use super::{Scores, stage};
use crate::config::STAKE;
use crate::dataset::{Snapshot, Workspace, pull};
use crate::learn::{Fitted, rules};
use crate::registry::Version;
use crate::warehouse::idents;

/// The version's probabilities, staged, and the columns made of them.
pub fn probabilities(at: Workspace<'_>, version: &Version, snapshot: &Snapshot) -> Result<Scores> {
    let recipe = version.recipe()?;
    let data = pull(at, std::slice::from_ref(snapshot), &rules(std::slice::from_ref(&recipe)))?;
    let misfit = |what: &str| version.misfit(&at.model.file, what);
    let scores = match version.fitted(at.warehouse)? {
        Some(bytes) => Fitted::from_bytes(&bytes)
            .and_then(|fitted| fitted.predict(&data.matrix))
            .map_err(|error| misfit(&error.to_string()))?,
        None => data
            .rules
            .get(&recipe.name)
            .cloned()
            .ok_or_else(|| misfit("its rule reads columns that the file no longer selects"))?,
    };
    let stakes = data.stakes.iter().map(|stake| stake.unwrap_or(f64::NAN)).collect();
    stage(at, &data, &data.all(), &[("score", scores.clone()), (STAKE, stakes)])?;
    let key = idents(&at.model.spec.key);
    let columns = vec![
        ("score", "score".to_owned(), "Probability of the label, 0..1"),
        (
            "rank",
            "rank() over (order by score desc)".to_owned(),
            "1 is the most likely; equal scores share a rank",
        ),
        (
            "decile",
            format!("ntile(10) over (order by score desc, {key})"),
            "1 is the tenth with the highest scores",
        ),
        (
            STAKE,
            format!("nullif({STAKE}, 'nan')"),
            "What the row is worth if its label comes true, in BRL; NULL where the model's SELECT does not say",
        ),
    ];
    Ok(Scores { data, values: scores, columns, order: "score desc", summary: DISTRIBUTION })
}

const DISTRIBUTION: &str = "
unpivot (
    select count(*)::double as rows, avg(score) as mean_score, stddev_pop(score) as spread_score, min(score) as score_min,
        quantile_cont(score, 0.10) as score_p10, quantile_cont(score, 0.25) as score_p25,
        quantile_cont(score, 0.50) as score_p50, quantile_cont(score, 0.75) as score_p75,
        quantile_cont(score, 0.90) as score_p90, max(score) as score_max
    from {table} where reference_date = ?
) on columns(*) into name name value value";
