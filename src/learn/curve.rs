//! Curves of a scored list: what its ROC, precision-recall, gain, lift and calibration are drawn from.

use super::scored::Scored;
use serde::Serialize;

const PARTS: usize = 100;

/// A hundredth of a list, from the highest score to the lowest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct CurvePart {
    /// 1 has the highest scores.
    pub part: usize,
    /// A hundredth of the rows: no whole number, as a rule.
    pub rows: f64,
    pub positives: f64,
    pub mean_score: f64,
}

impl Scored {
    /// The list in hundredths. Rows of one score on both sides of a border are shared out in proportion, positives too, so
    /// that the first ten make up [`Metric::TopDecileLift`](super::Metric::TopDecileLift).
    pub fn curve(&self) -> Vec<CurvePart> {
        let size = self.rows() as f64 / PARTS as f64;
        let mut parts: Vec<CurvePart> =
            (1..=PARTS).map(|part| CurvePart { part, ..CurvePart::default() }).collect();
        let (mut at, mut room) = (0, size);
        for (score, group) in self.runs() {
            let rows = group.positives + group.negatives;
            let mut left = rows;
            while left > 0.0 {
                let is_last = at + 1 == PARTS;
                let taken = if is_last { left } else { left.min(room) };
                parts[at].rows += taken;
                parts[at].positives += group.positives * taken / rows;
                parts[at].mean_score += score * taken;
                left -= taken;
                room -= taken;
                if room <= 0.0 && !is_last {
                    (at, room) = (at + 1, size);
                }
            }
        }
        for part in &mut parts {
            part.mean_score /= part.rows;
        }
        parts
    }
}
