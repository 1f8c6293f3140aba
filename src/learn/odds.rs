//! Probabilities and log-odds, and the mean of several learners on that scale.

use anyhow::{Result, ensure};

/// Probabilities are kept this far from 0 and 1 before their log-odds are taken: a learner that is sure counts for
/// at most 9.2, so that it cannot outvote all others of a blend.
const EDGE: f64 = 1e-4;

/// `1 / (1 + exp(-x))`, without overflow.
pub(super) fn probability(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + (-log_odds).exp())
    } else {
        let odds = log_odds.exp();
        odds / (1.0 + odds)
    }
}

/// `ln(p / (1 - p))` of a probability clipped to `1e-4 ..= 1 - 1e-4`.
pub(super) fn log_odds(probability: f64) -> f64 {
    let clipped = probability.clamp(EDGE, 1.0 - EDGE);
    (clipped / (1.0 - clipped)).ln()
}

/// Combines the probabilities of several candidates: the mean of their log-odds, a row at a time.
///
/// This is the geometric mean of the odds, a logarithmic opinion pool with equal weights (Genest and Zidek,
/// Combining probability distributions, Statistical Science 1986). Probabilities are clipped to `1e-4 ..= 1 - 1e-4`.
///
/// # Errors
/// When there are no members, or their numbers of rows differ.
pub fn blend(members: &[&[f64]]) -> Result<Vec<f64>> {
    let Some(first) = members.first() else { anyhow::bail!("a blend needs at least one member") };
    ensure!(
        members.iter().all(|member| member.len() == first.len()),
        "members of a blend have different rows"
    );
    let mean = |row| members.iter().map(|member| log_odds(member[row])).sum::<f64>() / members.len() as f64;
    Ok((0..first.len()).map(|row| probability(mean(row))).collect())
}

#[cfg(test)]
mod tests {
    use super::{blend, log_odds, probability};
    use anyhow::Result;

    #[test]
    fn log_odds_and_probability_undo_each_other() {
        for p in [0.0001, 0.2, 0.5, 0.93] {
            assert!((probability(log_odds(p)) - p).abs() < 1e-15);
        }
        assert!((log_odds(0.0) + 9999_f64.ln()).abs() < 1e-9);
        assert!(probability(-800.0) >= 0.0 && probability(800.0) <= 1.0);
    }

    #[test]
    fn a_blend_is_the_geometric_mean_of_the_odds() -> Result<()> {
        // Odds 1/4 and 4 cancel; odds 1 and 9 give 3, which is 0.75.
        let blended = blend(&[&[0.2, 0.5], &[0.8, 0.9]])?;
        assert!((blended[0] - 0.5).abs() < 1e-12 && (blended[1] - 0.75).abs() < 1e-12);
        assert!(blend(&[]).is_err());
        assert!(blend(&[&[0.1], &[0.1, 0.2]]).is_err());
        Ok(())
    }
}
