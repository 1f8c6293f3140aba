//! Metrics worked out by hand.

use anyhow::Result;
use olist::learn::{Metric, Scored};

fn close(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 1e-12)
}

/// 4 positives, 6 negatives; 0.8 and 0.5 are ties.
const Y: [bool; 10] = [true, false, true, true, false, false, true, false, false, false];
const SCORES: [f64; 10] = [0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.5, 0.2, 0.1];

fn ten() -> Result<Scored> {
    Scored::new(&Y, &SCORES)
}

#[test]
fn metrics_of_order_by_hand() -> Result<()> {
    let ten = ten()?;
    // Positives above each negative, ties half: 0.8: 1.5, 0.6: 3, 0.5: 3.5 twice, 0.2: 4, 0.1: 4; of 24 pairs.
    assert!(close(ten.metric(Metric::RocAuc), 19.5 / 24.0));
    // Precision at 0.9, 0.8, 0.7, 0.5, each a quarter of the recall: 1/1, 2/3, 3/4, 4/8.
    assert!(close(ten.metric(Metric::PrAuc), (1.0 + 2.0 / 3.0 + 0.75 + 0.5) / 4.0));
    // At 0.7: three of four positives, one of six negatives.
    assert!(close(ten.metric(Metric::Ks), 0.75 - 1.0 / 6.0));
    // The top tenth is the first row, a positive: 1 / 0.4.
    assert!(close(ten.metric(Metric::TopDecileLift), 2.5));
    Ok(())
}

#[test]
fn metrics_of_size_by_hand() -> Result<()> {
    let ten = ten()?;
    // Squared distances: .01 .64 .04 .09 .36 .25 .25 .25 .04 .01
    assert!(close(ten.metric(Metric::Brier), 0.194));
    let chances = [0.9, 0.2, 0.8, 0.7, 0.4, 0.5, 0.5, 0.5, 0.8, 0.9_f64];
    assert!(close(
        ten.metric(Metric::LogLoss),
        -chances.iter().map(|chance| chance.ln()).sum::<f64>() / 10.0
    ));
    assert!(close(ten.metric(Metric::BaseRate), 0.4));
    assert!(close(ten.metric(Metric::MeanScore), 0.56));
    // A sure mistake costs 15 ln 10, not infinity.
    let mistake = Scored::new(&[true], &[0.0])?;
    assert!(close(mistake.metric(Metric::LogLoss), 15.0 * 10_f64.ln()));
    Ok(())
}

/// The top tenth of 20 rows is 2, but 3 rows share the highest score, one of them positive: 2/3 of a positive in 2
/// rows is a rate of 1/3, against 4 in 20.
#[test]
fn a_tie_at_the_border_of_the_top_decile() -> Result<()> {
    let y: Vec<bool> = (0..20).map(|row| [1, 5, 9, 15].contains(&row)).collect();
    let scores: Vec<f64> =
        (0..20).map(|row| if row < 3 { 0.9 } else { 0.5 - f64::from(row) / 100.0 }).collect();
    assert!(close(Scored::new(&y, &scores)?.metric(Metric::TopDecileLift), (1.0 / 3.0) / 0.2));
    Ok(())
}

#[test]
fn the_order_of_rows_does_not_matter() -> Result<()> {
    let y = [false, false, true, false, true, true];
    let scores = [0.5, -0.0, 0.5, 0.0, 0.7, 0.0];
    let reversed = Scored::new(&y.into_iter().rev().collect::<Vec<_>>(), &[0.0, 0.7, 0.0, 0.5, -0.0, 0.5])?;
    let straight = Scored::new(&y, &scores)?;
    for metric in Metric::ALL {
        let found = straight.metric(metric).unwrap_or(f64::NAN);
        assert!(close(reversed.metric(metric), found), "{metric:?}");
    }
    // Negatives 0.5: 1.5; 0 twice: 2.5 each; of 9 pairs.
    assert!(close(straight.metric(Metric::RocAuc), 6.5 / 9.0));
    Ok(())
}

#[test]
fn a_weight_is_a_row_that_many_times() -> Result<()> {
    let weights = [2.0, 0.0, 1.0, 3.0, 1.0, 1.0, 0.0, 2.0, 1.0, 1.0];
    let ten = ten()?;
    let repeated: Vec<usize> = [0, 0, 2, 3, 3, 3, 4, 5, 7, 7, 8, 9].to_vec();
    let y: Vec<bool> = repeated.iter().map(|&row| Y[row]).collect();
    let scores: Vec<f64> = repeated.iter().map(|&row| SCORES[row]).collect();
    let long = Scored::new(&y, &scores)?;
    for metric in Metric::ALL {
        assert!(close(ten.weighted(metric, &weights), long.metric(metric).unwrap_or(f64::NAN)), "{metric:?}");
    }
    Ok(())
}

#[test]
fn what_has_no_meaning_is_none() -> Result<()> {
    for metric in Metric::ALL {
        assert_eq!(Scored::new(&[], &[])?.metric(metric), None);
        assert_eq!(Metric::parse(metric.name()), Some(metric));
    }
    let one = Scored::new(&[false, false], &[0.1, 0.2])?;
    for metric in [Metric::RocAuc, Metric::PrAuc, Metric::Ks, Metric::TopDecileLift] {
        assert_eq!(one.metric(metric), None);
    }
    assert!(close(one.metric(Metric::BaseRate), 0.0));
    assert!(Scored::new(&[true], &[0.1, 0.2]).is_err());
    assert!(Scored::new(&[true], &[f64::NAN]).is_err());
    assert!(Scored::new(&[true], &[1.5]).is_err());
    Ok(())
}
