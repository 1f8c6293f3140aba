//! Probabilities and log-odds.

/// Probabilities are kept this far from 0 and 1 before their log-odds are taken: a learner that is sure counts for
/// at most 9.2, so that it cannot outvote all others of a blend.
pub const EDGE: f64 = 1e-4;

/// `1 / (1 + exp(-x))`, without overflow.
pub fn probability(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + (-log_odds).exp())
    } else {
        let odds = log_odds.exp();
        odds / (1.0 + odds)
    }
}

/// `ln(p / (1 - p))` of a probability clipped to `1e-4 ..= 1 - 1e-4`.
pub fn log_odds(probability: f64) -> f64 {
    let clipped = probability.clamp(EDGE, 1.0 - EDGE);
    (clipped / (1.0 - clipped)).ln()
}
