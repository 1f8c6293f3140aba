//! Calibration: probabilities that mean what they say.

use super::odds::{log_odds, probability};
use serde::{Deserialize, Serialize};

/// `calibrated log-odds = slope * log-odds + intercept`; keeps the order of the scores.
///
/// Platt, Probabilistic outputs for support vector machines, 1999, with the targets `(positives + 1) / (positives + 2)`
/// and `1 / (negatives + 2)` that keep it from being sure on few rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Below 1 where the model is too sure of itself; always above 0.
    pub slope: f64,
    /// The shift that remains.
    pub intercept: f64,
}

impl Calibration {
    /// Fits slope and intercept by Newton's method on probabilities and what came true, preferably out of time.
    ///
    /// Gives `None` where there is nothing to fit: not one row of each label, unequal lengths, or scores that order
    /// the rows no better than chance (a slope that is not positive).
    #[must_use]
    pub fn fit(probabilities: &[f64], y: &[bool]) -> Option<Self> {
        let positives = y.iter().filter(|&&label| label).count() as f64;
        let negatives = y.len() as f64 - positives;
        if positives < 1.0 || negatives < 1.0 || probabilities.len() != y.len() {
            return None;
        }
        let target = |label: bool| {
            if label { (positives + 1.0) / (positives + 2.0) } else { 1.0 / (negatives + 2.0) }
        };
        let rows: Vec<(f64, f64)> =
            probabilities.iter().zip(y).map(|(&p, &label)| (log_odds(p), target(label))).collect();
        let mut current = Self { slope: 0.0, intercept: log_odds(positives / y.len() as f64) };
        for _ in 0..100 {
            let next = current.newton(&rows)?;
            let moved = (next.slope - current.slope).abs() + (next.intercept - current.intercept).abs();
            current = next;
            if moved < 1e-10 {
                break;
            }
        }
        (current.slope > 0.0 && current.slope.is_finite() && current.intercept.is_finite()).then_some(current)
    }

    /// The calibrated probability.
    #[must_use]
    pub fn apply(&self, p: f64) -> f64 {
        probability(self.slope * log_odds(p) + self.intercept)
    }

    /// A Newton step, halved until the log loss does not rise.
    fn newton(&self, rows: &[(f64, f64)]) -> Option<Self> {
        // The ridge keeps the two equations apart where all scores are the same.
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for &(x, target) in rows {
            let p = probability(self.slope * x + self.intercept);
            let weight = p * (1.0 - p);
            g0 += p - target;
            g1 += (p - target) * x;
            h00 += weight;
            h01 += weight * x;
            h11 += weight * x * x;
        }
        let determinant = h00 * h11 - h01 * h01;
        let step = |scale: f64| Self {
            intercept: self.intercept - scale * (h11 * g0 - h01 * g1) / determinant,
            slope: self.slope - scale * (h00 * g1 - h01 * g0) / determinant,
        };
        let before = self.loss(rows);
        // The last resort, no step at all, ends the search.
        [1.0, 0.5, 0.25, 0.125, 0.0625, 0.0]
            .into_iter()
            .map(step)
            .find(|next| next.loss(rows) <= before + 1e-12)
    }

    /// Mean cross-entropy, from the log-odds so that it cannot overflow.
    fn loss(&self, rows: &[(f64, f64)]) -> f64 {
        let one = |&(x, target): &(f64, f64)| {
            let z = self.slope * x + self.intercept;
            z.max(0.0) - target * z + (-z.abs()).exp().ln_1p()
        };
        rows.iter().map(one).sum::<f64>() / rows.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::Calibration;

    #[test]
    fn scores_that_are_right_stay_and_wrong_ones_are_put_right() {
        // Of a thousand rows scored 0.2, 0.5 and 0.8, exactly these shares are positive.
        let shares = [0.2, 0.5, 0.8];
        let y: Vec<bool> = [200, 500, 800].iter().flat_map(|&n| (0..1000).map(move |i| i < n)).collect();
        let scores =
            |p: [f64; 3]| -> Vec<f64> { p.iter().flat_map(|&p| std::iter::repeat_n(p, 1000)).collect() };
        let right = Calibration::fit(&scores(shares), &y);
        assert!(right.is_some_and(|c| (c.slope - 1.0).abs() < 0.01 && c.intercept.abs() < 0.01), "{right:?}");
        // Odds squared: the slope has to be a half.
        let sure = Calibration::fit(&scores([1.0 / 17.0, 0.5, 16.0 / 17.0]), &y);
        assert!(sure.is_some_and(|c| (c.slope - 0.5).abs() < 0.01), "{sure:?}");
        assert!(sure.is_some_and(|c| (c.apply(1.0 / 17.0) - 0.2).abs() < 0.005));
    }

    #[test]
    fn there_may_be_nothing_to_fit() {
        assert_eq!(Calibration::fit(&[0.1, 0.2], &[true, true]), None);
        assert_eq!(Calibration::fit(&[0.1], &[true, false]), None);
        assert_eq!(Calibration::fit(&[0.9, 0.1, 0.8, 0.2], &[false, true, false, true]), None);
        assert_eq!(Calibration::fit(&[], &[]), None);
    }
}
