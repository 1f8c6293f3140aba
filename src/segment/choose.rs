//! How many groups: each candidate's stability, smallest segment, silhouette and what followed, and the choice.

use anyhow::{Context, Result};
use chrono::NaiveDate;

use crate::config::Clusters;
use crate::learn::{self, Clustering, Matrix, Recipe};
use crate::output::Table;
use crate::registry::Measured;
use crate::registry::contests::{Outcome, Verdict, shown};
use crate::term::Progress;

const SILHOUETTE: &str = "silhouette";
const OUTCOME: &str = "outcome_roc_auc";

/// A new number of groups has to be better by this much than that of the champion: segments that come and go every
/// month serve nobody.
const MARGIN: f64 = 0.02;
/// More groups always tell apart a little more: those that foretell the outcome within this much of the best are as good.
const OUTCOME_MARGIN: f64 = 0.01;

/// A candidate fitted to the newest snapshot.
pub struct Tried {
    pub recipe: usize,
    pub clustering: Clustering,
    pub silhouette: Option<f64>,
    pub stability: Option<f64>,
    pub smallest_share: f64,
    /// How well the groups foretell the label, where the model has one, and enough of them are known.
    pub outcome: Option<f64>,
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
    let groups = clustering.places(x)?;
    let size = |group: usize| groups.iter().filter(|&&other| other == group).count();
    let smallest = (0..clustering.segments().len()).map(size).min().unwrap_or(0);
    Ok(Tried {
        recipe: at,
        silhouette: learn::silhouette(x, &groups, seed),
        stability: learn::stability(settings, &clustering, x, seed)?,
        smallest_share: smallest as f64 / x.rows() as f64,
        outcome: None,
        clustering,
    })
}

impl Tried {
    /// What it is measured by, and how it does: what followed, if that is known.
    pub fn metric(&self) -> (&'static str, Option<f64>) {
        if self.outcome.is_some() { (OUTCOME, self.outcome) } else { (SILHOUETTE, self.silhouette) }
    }

    fn is_admissible(&self, clusters: &Clusters) -> bool {
        self.smallest_share >= clusters.smallest_share
            && self.stability.is_some_and(|stability| stability >= clusters.stability)
    }

    /// Name and value of all that it is measured by.
    fn measures(&self) -> [(&'static str, Option<f64>); 4] {
        [
            (SILHOUETTE, self.silhouette),
            ("stability", self.stability),
            ("smallest_share", Some(self.smallest_share)),
            (OUTCOME, self.outcome),
        ]
    }

    pub fn lines(&self, candidate: &str, snapshot: NaiveDate, rows: usize) -> Vec<Measured> {
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
        self.measures().map(line).into()
    }
}

pub struct Choice {
    pub place: usize,
    pub is_admissible: bool,
    pub verdict: Verdict,
}

/// Of those that are stable, have no small segment and foretell the outcome as well as the best of them, the one with the
/// best silhouette; that of the version that serves stays while it is nearly as good. Without any the most stable one.
pub fn best(tried: &[Tried], clusters: &Clusters, incumbent: Option<usize>, against: Option<i32>) -> Choice {
    let silhouette = |at: usize| tried[at].silhouette.unwrap_or(-1.0);
    let stability = |at: usize| tried[at].stability.unwrap_or(-1.0);
    let outcome = |at: usize| tried[at].outcome.unwrap_or(0.0);
    let stable = || (0..tried.len()).filter(|&at| tried[at].is_admissible(clusters));
    let most = stable().map(outcome).fold(0.0, f64::max);
    let good: Vec<usize> = stable().filter(|&at| outcome(at) >= most - OUTCOME_MARGIN).collect();
    let champion = (0..tried.len()).find(|&at| Some(tried[at].recipe) == incumbent);
    let choice = |place: usize, is_admissible: bool, reason: String| {
        let outcome = match against {
            None => Outcome::First,
            Some(_) if champion == Some(place) => Outcome::FittedAgain,
            Some(_) => Outcome::TakesOver,
        };
        Choice { place, is_admissible, verdict: Verdict { outcome, against, duel: None, reason } }
    };
    // max_by takes the last of equals: reversed, the one named first.
    let top = good.iter().rev().copied().max_by(|&a, &b| silhouette(a).total_cmp(&silhouette(b)));
    let Some(top) = top else {
        let place =
            (0..tried.len()).rev().max_by(|&a, &b| stability(a).total_cmp(&stability(b))).unwrap_or(0);
        let what = format!("is the most stable, {:.3}; none is stable enough", stability(place));
        return choice(place, false, what);
    };
    let (place, what) = match champion.filter(|at| good.contains(at)) {
        Some(at) if silhouette(top) - silhouette(at) <= MARGIN => (at, "stays, fitted again"),
        Some(_) => (top, "beats the champion"),
        None if most > 0.0 => {
            (top, "has the best silhouette of the stable ones that foretell the outcome best")
        }
        None => (top, "has the best silhouette of the stable ones"),
    };
    let (silhouette, stability) = (silhouette(place), stability(place));
    let outcome = tried[place].outcome.map_or_else(String::new, |auc| format!(", {OUTCOME} {auc:.4}"));
    choice(place, true, format!("{what}: silhouette {silhouette:.4}, stability {stability:.3}{outcome}"))
}

impl Choice {
    /// Of edited files, beside the groups of the version that serves, by its own; or why there are none. It takes a margin to
    /// take over, of what followed, or of silhouettes, which are hardly comparable where inputs differ.
    #[must_use]
    pub fn beside(
        self,
        other: Result<&Tried, &String>,
        tried: &[Tried],
        clusters: &Clusters,
        version: i32,
        is_accepted: bool,
    ) -> Self {
        let own = &tried[self.place];
        let both = |of: fn(&Tried) -> Option<f64>| other.ok().and_then(|other| of(own).zip(of(other)));
        let (name, margin, values) = match both(|one| one.outcome) {
            None => (SILHOUETTE, MARGIN, both(|one| one.silhouette)),
            outcomes => (OUTCOME, OUTCOME_MARGIN, outcomes),
        };
        let is_ahead = |other: &Tried| {
            !other.is_admissible(clusters) || values.is_some_and(|(own, other)| own - other > margin)
        };
        let (outcome, end) = if self.is_admissible && other.is_ok_and(is_ahead) {
            (Outcome::TakesOver, "takes over".to_owned())
        } else if is_accepted {
            (Outcome::Accepted, "takes over, by --accept".to_owned())
        } else {
            (Outcome::Kept, format!("version {version} stays"))
        };
        let told = match (values, other) {
            (Some((own, other)), _) => format!(
                "{name} {own:.4} against {other:.4} of version {version} ({:+.4}, where more than {margin} counts)",
                own - other
            ),
            (None, Err(why)) => format!("nothing to compare with version {version}: {why}"),
            (None, Ok(_)) => format!("version {version} has no silhouette"),
        };
        Self { verdict: Verdict { outcome, reason: format!("{told}: {end}"), ..self.verdict }, ..self }
    }
}

pub fn table(tried: &[Tried], recipes: &[Recipe]) -> Table {
    let names = tried.first().map(Tried::measures).into_iter().flatten().map(|(name, _)| name);
    let mut table = Table::new(&std::iter::once("candidate").chain(names).collect::<Vec<_>>());
    for one in tried {
        let values = one.measures().map(|(_, value)| shown(value));
        table.push(std::iter::once(recipes[one.recipe].name.clone()).chain(values).collect());
    }
    table
}
