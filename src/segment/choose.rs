//! How many groups: each candidate's silhouette, stability and smallest segment, and the choice.

use chrono::NaiveDate;

use super::settings_of;
use crate::config::Clusters;
use crate::learn::{self, Clustering, Matrix};
use crate::output::Table;
use crate::registry::Measured;
use crate::train::Recipe;

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
    for (at, recipe) in recipes.iter().enumerate() {
        match one(at, recipe, x, seed) {
            Ok(one) => tried.push(one),
            Err(error) => failure = format!("`{}`: {error}", recipe.name),
        }
    }
    if tried.is_empty() { Err(failure) } else { Ok(tried) }
}

fn one(at: usize, recipe: &Recipe, x: &Matrix, seed: u64) -> anyhow::Result<Tried> {
    let settings = settings_of(recipe).ok_or_else(|| anyhow::anyhow!("it does not group rows"))?;
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
    pub fn lines<'a>(&self, candidate: &'a str, snapshot: NaiveDate, rows: usize) -> Vec<Measured<'a>> {
        let measures = [
            (SILHOUETTE, self.silhouette),
            ("stability", self.stability),
            ("smallest_share", Some(self.smallest_share)),
        ];
        let line = |(metric, value)| Measured {
            candidate,
            snapshot,
            snapshots: 1,
            slice: None,
            metric,
            value,
            interval: None,
            rows,
            entities: rows,
            base_rate: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{Algorithm, KMeansSettings, MatrixBuilder};

    fn tried(figures: &[(f64, f64, f64)]) -> Vec<Tried> {
        let mut builder = MatrixBuilder::new(vec!["a".into()], 0);
        builder.append(&[&[0.0, 1.0, 9.0]]).unwrap();
        let settings = KMeansSettings { clusters: 2, restarts: 1 };
        let clustering = learn::cluster(&settings, &builder.finish(), 1).unwrap();
        let one = |(at, (silhouette, stability, smallest_share)): (usize, &(f64, f64, f64))| Tried {
            recipe: at,
            clustering: clustering.clone(),
            silhouette: Some(*silhouette),
            stability: Some(*stability),
            smallest_share: *smallest_share,
        };
        figures.iter().enumerate().map(one).collect()
    }

    fn clusters() -> Clusters {
        Clusters {
            label: None,
            stability: 0.85,
            smallest_share: 0.03,
            profile: Vec::new(),
            name: "'x'".to_owned(),
        }
    }

    #[test]
    fn the_best_silhouette_of_the_stable_ones_with_no_small_segment_wins() {
        let tried = tried(&[(0.30, 0.9, 0.2), (0.50, 0.8, 0.2), (0.40, 0.9, 0.02), (0.35, 0.9, 0.03)]);
        let choice = best(&tried, &clusters(), None);
        assert_eq!((choice.place, choice.is_admissible), (3, true), "{}", choice.reason);
    }

    #[test]
    fn the_champion_stays_while_it_is_nearly_as_good() {
        assert_eq!(best(&tried(&[(0.30, 0.9, 0.2), (0.315, 0.9, 0.2)]), &clusters(), Some(0)).place, 0);
        assert_eq!(best(&tried(&[(0.30, 0.9, 0.2), (0.335, 0.9, 0.2)]), &clusters(), Some(0)).place, 1);
        // ... and while it is stable.
        assert_eq!(best(&tried(&[(0.30, 0.8, 0.2), (0.29, 0.9, 0.2)]), &clusters(), Some(0)).place, 1);
    }

    #[test]
    fn without_a_stable_one_the_most_stable_is_taken() {
        let choice = best(&tried(&[(0.5, 0.6, 0.2), (0.3, 0.7, 0.2)]), &clusters(), None);
        assert_eq!((choice.place, choice.is_admissible), (1, false));
    }

    #[test]
    fn rows_that_are_all_alike_are_explained() {
        let mut builder = MatrixBuilder::new(vec!["a".into()], 0);
        builder.append(&[&[1.0, 1.0, 1.0]]).unwrap();
        let settings = KMeansSettings { clusters: 3, restarts: 1 };
        let recipe = Recipe { name: "three".to_owned(), parts: vec![Algorithm::KMeans(settings)] };
        let error = all(&[recipe], &builder.finish(), 1).err();
        assert_eq!(error.as_deref(), Some("`three`: 1 different rows cannot make 3 groups"));
    }
}
