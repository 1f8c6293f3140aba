//! How many groups: each candidate's silhouette, stability and smallest segment, and the choice.

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::config::Clusters;
use crate::learn::{self, Clustering, Matrix, Recipe};
use crate::output::Table;
use crate::registry::Measured;
use crate::term::Progress;

pub const SILHOUETTE: &str = "silhouette";

/// A new number of groups has to be better by this much than that of the champion: segments that come and go every
/// month serve nobody.
const MARGIN: f64 = 0.02;

/// A candidate fitted to the newest snapshot.
pub struct Tried {
    /// Its place among the recipes.
    pub recipe: usize,
    pub clustering: Clustering,
    pub silhouette: Option<f64>,
    pub stability: Option<f64>,
    pub smallest_share: f64,
}

/// Fits and measures every candidate that the rows allow.
pub fn all(recipes: &[Recipe], x: &Matrix, seed: u64) -> Result<Vec<Tried>, String> {
    let mut tried = Vec::new();
    let mut failure = "there is no candidate".to_owned();
    let progress = Progress::new(recipes.len(), "train");
    for (at, recipe) in recipes.iter().enumerate() {
        progress.working_on(&recipe.name);
        match one(at, recipe, x, seed) {
            Ok(one) => tried.push(one),
            Err(error) => failure = format!("`{}`: {error}", recipe.name),
        }
        progress.step();
    }
    if tried.is_empty() { Err(failure) } else { Ok(tried) }
}

fn one(at: usize, recipe: &Recipe, x: &Matrix, seed: u64) -> Result<Tried> {
    let settings = recipe.grouping().context("it does not group rows")?;
    let clustering = learn::cluster(settings, x, seed)?;
    let groups: Vec<usize> = clustering.assign(x)?.into_iter().map(|(at, _)| at).collect();
    let size = |group: usize| groups.iter().filter(|&&other| other == group).count();
    let smallest = (0..clustering.segments().len()).map(size).min().unwrap_or(0);
    Ok(Tried {
        recipe: at,
        silhouette: learn::silhouette(x, &groups, seed),
        stability: learn::stability(settings, &clustering, x, seed)?,
        smallest_share: smallest as f64 / x.rows() as f64,
        clustering,
    })
}

impl Tried {
    fn is_admissible(&self, clusters: &Clusters) -> bool {
        self.smallest_share >= clusters.smallest_share
            && self.stability.is_some_and(|stability| stability >= clusters.stability)
    }

    /// As the registry keeps it.
    pub fn lines(&self, candidate: &str, snapshot: NaiveDate, rows: usize) -> Vec<Measured> {
        let measures = [
            (SILHOUETTE, self.silhouette),
            ("stability", self.stability),
            ("smallest_share", Some(self.smallest_share)),
        ];
        let line = |(metric, value)| Measured {
            candidate: candidate.to_owned(),
            snapshot,
            snapshots: 1,
            metric,
            value,
            rows,
            entities: rows,
            ..Measured::default()
        };
        measures.map(line).into_iter().collect()
    }
}

/// Which candidate, and why.
pub struct Choice {
    /// Its place among those tried.
    pub place: usize,
    pub is_admissible: bool,
    pub reason: String,
}

/// The best silhouette among those that are stable and have no small segment; the champion's stays while it is nearly
/// as good. Without any such candidate the most stable one.
pub fn best(tried: &[Tried], clusters: &Clusters, incumbent: Option<usize>) -> Choice {
    let silhouette = |at: usize| tried[at].silhouette.unwrap_or(-1.0);
    let stability = |at: usize| tried[at].stability.unwrap_or(-1.0);
    let admissible = (0..tried.len()).filter(|&at| tried[at].is_admissible(clusters));
    // max_by takes the last of equals: reversed, the one named first.
    let top = admissible.rev().max_by(|&a, &b| silhouette(a).total_cmp(&silhouette(b)));
    let Some(top) = top else {
        let place =
            (0..tried.len()).rev().max_by(|&a, &b| stability(a).total_cmp(&stability(b))).unwrap_or(0);
        let reason = format!("is the most stable, {:.3}; none is stable enough", stability(place));
        return Choice { place, is_admissible: false, reason };
    };
    let champion = (0..tried.len()).find(|&at| Some(tried[at].recipe) == incumbent);
    let figures = |at: usize| format!("silhouette {:.4}, stability {:.3}", silhouette(at), stability(at));
    let (place, what) = match champion.filter(|&at| tried[at].is_admissible(clusters)) {
        Some(at) if silhouette(top) - silhouette(at) <= MARGIN => (at, "stays, fitted again"),
        Some(_) => (top, "beats the champion"),
        None => (top, "has the best silhouette of the stable ones"),
    };
    Choice { place, is_admissible: true, reason: format!("{what}: {}", figures(place)) }
}

/// The candidates side by side.
pub fn table(tried: &[Tried], recipes: &[Recipe]) -> Table {
    let mut table = Table::new(&["candidate", SILHOUETTE, "stability", "smallest_share"]);
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.4}"));
    for one in tried {
        table.push(vec![
            recipes[one.recipe].name.clone(),
            number(one.silhouette),
            number(one.stability),
            number(Some(one.smallest_share)),
        ]);
    }
    table
}
