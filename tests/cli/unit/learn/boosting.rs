//! Boosting against steps worked out by hand, and against the rate of the data.

use super::sample;
use anyhow::Result;
use olist::learn::{Algorithm, BoostingSettings, Matrix, Metric, Scored, fit, probability};

/// Of 8 rows half are positive, so the start is 0. Below 3.5 one of four is positive: (1/2 - 3/2) / (4/4) = -1;
/// above, +1. With a rate of 0.1, rows score -0.1 and 0.1 after one tree. With p of -0.1, the second step of the rows
/// below is (1 - 4 p) / (4 p (1 - p)), and by symmetry that of the rows above is its negative.
#[test]
fn two_trees_by_hand() -> Result<()> {
    let mut x = Matrix::new(vec!["x".into()]);
    x.append(&[&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]);
    let y = [false, false, true, false, true, false, true, true];
    let settings = BoostingSettings {
        trees: 2,
        learning_rate: 0.1,
        max_depth: 1,
        min_samples_leaf: 4,
        subsample: 1.0,
        features_per_tree: None,
    };
    let mut seen = Matrix::new(vec!["x".into()]);
    seen.append(&[&[3.0, 3.5, 3.6]]);
    let scores = fit(&Algorithm::GradientBoosting(settings), &x, &y, 1)?.predict(&seen)?;
    let p = probability(-0.1);
    let below = -0.1 + 0.1 * (1.0 - 4.0 * p) / (4.0 * p * (1.0 - p));
    for (score, expected) in scores.iter().zip([below, below, -below]) {
        assert!((score - probability(expected)).abs() < 1e-12, "{scores:?}");
    }
    Ok(())
}

#[test]
fn probabilities_learn_and_keep_the_base_rate() -> Result<()> {
    let (x, y) = sample::rows(3000, 8, 3);
    let boosting = fit(&Algorithm::GradientBoosting(BoostingSettings::default()), &x, &y, 1)?;
    let p = boosting.predict(&x)?;
    assert!(p.iter().all(|&p| p > 0.0 && p < 1.0));
    let scored = Scored::new(&y, &p)?;
    let rate = scored.metric(Metric::BaseRate).unwrap_or_default();
    let mean = scored.metric(Metric::MeanScore).unwrap_or_default();
    assert!((rate - mean).abs() < 0.01, "{rate} {mean}");
    let (later, truth) = sample::rows(3000, 8, 4);
    let scored = Scored::new(&truth, &boosting.predict(&later)?)?;
    assert!(scored.metric(Metric::RocAuc) > Some(0.8), "{:?}", scored.metric(Metric::RocAuc));
    Ok(())
}

/// A leaf without a negative row would have an endless step.
#[test]
fn pure_leaves_stay_finite() -> Result<()> {
    let mut x = Matrix::new(vec!["x".into()]);
    x.append(&[&(0..100).map(f64::from).collect::<Vec<_>>()]);
    let y: Vec<bool> = (0..100).map(|row| row >= 50).collect();
    let settings =
        BoostingSettings { learning_rate: 1.0, trees: 100, min_samples_leaf: 1, ..Default::default() };
    let p = fit(&Algorithm::GradientBoosting(settings), &x, &y, 1)?.predict(&x)?;
    assert!(p.iter().zip(&y).all(|(&p, &label)| p > 0.0 && p < 1.0 && (p > 0.5) == label), "{p:?}");
    assert!(probability(f64::MAX) <= 1.0);
    Ok(())
}

#[test]
fn the_number_of_threads_changes_nothing() -> Result<()> {
    let (x, y) = sample::rows(500, 8, 1);
    let algorithm = Algorithm::GradientBoosting(BoostingSettings { trees: 20, ..Default::default() });
    sample::is_the_same_for_any_number_of_threads(&algorithm, &x, &y)
}
