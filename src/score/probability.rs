//! Scores of a model that predicts: the probability of its label.

use std::sync::Arc;

use anyhow::Result;
use duckdb::arrow::array::{ArrayRef, Float64Array};

use super::{Reasons, Scores, numbers, rule, stage};
use crate::config::STAKE;
use crate::dataset::{Snapshot, Workspace, pull};
use crate::learn::Fitted;
use crate::registry::Version;
use crate::warehouse::idents;

/// The version's probabilities, staged, and the columns made of them.
pub fn probabilities(at: Workspace<'_>, version: &Version, snapshot: &Snapshot) -> Result<Scores> {
    let recipe = version.recipe()?;
    let data = pull(at, std::slice::from_ref(snapshot), std::slice::from_ref(&recipe))?;
    let misfit = |what: &str| version.misfit(&at.model.file, what);
    let (scores, reasons) = match (version.fitted(at.warehouse)?, recipe.rule(), data.rules.get(&recipe.name))
    {
        (Some(bytes), ..) => {
            let fitted = Fitted::from_bytes(&bytes);
            let scores = fitted.and_then(|fitted| Ok((fitted.predict(&data.matrix)?, fitted)));
            let (scores, fitted) = scores.map_err(|error| misfit(&error.to_string()))?;
            (scores, Reasons::new(&data.matrix, fitted.contributions(&data.matrix)?))
        }
        (None, Some(rule), Some(scores)) => {
            (scores.clone(), rule::reasons(at, rule, snapshot, &data.columns)?)
        }
        _ => return Err(misfit("its rule reads columns that the file no longer selects").into()),
    };
    let stakes: ArrayRef = Arc::new(Float64Array::from(data.stakes.clone()));
    let reasons_of_rows = reasons.column(scores.len());
    let staged = vec![("score", numbers(&scores)), (STAKE, stakes), ("reasons", reasons_of_rows)];
    stage(at, &data, &data.all(), staged)?;
    let columns = format!(
        "score, rank() over (order by score desc) as rank,
         ntile(10) over (order by score desc, {}) as decile, {STAKE}, reasons",
        idents(&at.model.spec.key)
    );
    let comments = &COMMENTS;
    Ok(Scores {
        data,
        values: scores,
        reasons,
        columns,
        comments,
        order: "score desc",
        summary: DISTRIBUTION,
    })
}

const COMMENTS: [(&str, &str); 5] = [
    ("score", "Probability of the label, 0..1"),
    ("rank", "1 is the most likely; equal scores share a rank"),
    ("decile", "1 is the tenth with the highest scores"),
    (
        STAKE,
        "What the row is worth if its label comes true, in BRL; NULL where the model's SELECT does not say",
    ),
    (
        "reasons",
        "The inputs that moved the score most from the mean of the list, up to three up and three down; \
         contributions are log-odds, of a forest alone and of a rule probability",
    ),
];

const DISTRIBUTION: &str = "
unpivot (
    select count(*)::double as rows, avg(score) as mean_score, stddev_pop(score) as spread_score, min(score) as score_min,
        quantile_cont(score, 0.10) as score_p10, quantile_cont(score, 0.25) as score_p25,
        quantile_cont(score, 0.50) as score_p50, quantile_cont(score, 0.75) as score_p75,
        quantile_cont(score, 0.90) as score_p90, max(score) as score_max
    from {table} where reference_date = ?
) on columns(*) into name name value value";
