//! The choice of how many groups.

use olist::config::Clusters;
use olist::learn::{self, Algorithm, KMeansSettings, Matrix, Recipe};
use olist::segment::choose::{Tried, all, best};

fn tried(figures: &[(f64, f64, f64)]) -> Vec<Tried> {
    let mut x = Matrix::new(vec!["a".into()]);
    x.append(&[&[0.0, 1.0, 9.0]]);
    let settings = KMeansSettings { clusters: 2, restarts: 1 };
    let clustering = learn::cluster(&settings, &x, 1).unwrap();
    let one = |(at, (silhouette, stability, smallest_share)): (usize, &(f64, f64, f64))| Tried {
        recipe: at,
        clustering: clustering.clone(),
        silhouette: Some(*silhouette),
        stability: Some(*stability),
        smallest_share: *smallest_share,
        outcome: None,
    };
    figures.iter().enumerate().map(one).collect()
}

fn clusters() -> Clusters {
    Clusters {
        label: None,
        stability: 0.85,
        smallest_share: 0.03,
        profile: Vec::new(),
        name: olist::sql::Expression::of("'x'").unwrap(),
    }
}

#[test]
fn the_best_silhouette_of_the_stable_ones_with_no_small_segment_wins() {
    let tried = tried(&[(0.30, 0.9, 0.2), (0.50, 0.8, 0.2), (0.40, 0.9, 0.02), (0.35, 0.9, 0.03)]);
    let choice = best(&tried, &clusters(), None, None);
    assert_eq!((choice.place, choice.is_admissible), (3, true), "{}", choice.verdict.reason);
}

#[test]
fn the_champion_stays_while_it_is_nearly_as_good() {
    assert_eq!(best(&tried(&[(0.30, 0.9, 0.2), (0.315, 0.9, 0.2)]), &clusters(), Some(0), Some(1)).place, 0);
    assert_eq!(best(&tried(&[(0.30, 0.9, 0.2), (0.335, 0.9, 0.2)]), &clusters(), Some(0), Some(1)).place, 1);
    // ... and while it is stable.
    assert_eq!(best(&tried(&[(0.30, 0.8, 0.2), (0.29, 0.9, 0.2)]), &clusters(), Some(0), Some(1)).place, 1);
}

#[test]
fn what_followed_decides_before_the_silhouette() {
    let with = |outcomes: &[f64]| {
        let mut tried = tried(&[(0.40, 0.9, 0.2), (0.35, 0.9, 0.2), (0.30, 0.9, 0.2), (0.50, 0.5, 0.2)]);
        tried.iter_mut().zip(outcomes).for_each(|(one, outcome)| one.outcome = Some(*outcome));
        tried
    };
    // The last foretells best and is not stable; the third is within the margin of the second.
    let tried = with(&[0.70, 0.781, 0.785, 0.90]);
    let choice = best(&tried, &clusters(), None, None);
    assert_eq!(choice.place, 1);
    assert!(choice.verdict.reason.contains("outcome_roc_auc 0.7810"), "{}", choice.verdict.reason);
    // A champion stays among those that foretell as well, and gives way to them.
    assert_eq!(best(&with(&[0.776, 0.781, 0.785, 0.9]), &clusters(), Some(1), Some(1)).place, 0);
    assert_eq!(best(&with(&[0.70, 0.781, 0.785, 0.9]), &clusters(), Some(0), Some(1)).place, 1);
}

#[test]
fn without_a_stable_one_the_most_stable_is_taken() {
    let choice = best(&tried(&[(0.5, 0.6, 0.2), (0.3, 0.7, 0.2)]), &clusters(), None, None);
    assert_eq!((choice.place, choice.is_admissible), (1, false));
}

#[test]
fn rows_that_are_all_alike_are_explained() {
    let mut x = Matrix::new(vec!["a".into()]);
    x.append(&[&[1.0, 1.0, 1.0]]);
    let settings = KMeansSettings { clusters: 3, restarts: 1 };
    let recipe = Recipe { name: "three".to_owned(), parts: vec![Algorithm::KMeans(settings)] };
    let error = all(&[recipe], &x, 1).err();
    assert_eq!(error.as_deref(), Some("`three`: 1 different rows cannot make 3 groups"));
}
