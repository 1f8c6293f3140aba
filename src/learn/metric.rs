//! How good probabilities are, on rows that may count more than once.
//!
//! Each metric is a pass over rows in descending order of score, grouped by equal scores, with a weight a row: all
//! ones for the metric itself, the number of times drawn for its interval.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Chance that a positive row has a higher score than a negative one; ties count half (Hanley, `McNeil` 1982).
    RocAuc,
    /// Average precision: the sum over scores of (gain in recall) x precision, rows of one score together.
    PrAuc,
    /// Largest distance between the shares of positives and negatives above a score (Kolmogorov-Smirnov).
    Ks,
    /// Mean negative log-likelihood in nats, probabilities clipped to `1e-15 ..= 1 - 1e-15`.
    LogLoss,
    /// Mean squared difference between probability and 0/1 label (Brier 1950).
    Brier,
    /// Base rate of the tenth of rows with the highest scores / base rate. Where rows of one score lie on both
    /// sides of the border, the part that belongs above has the positives of all of them in proportion.
    TopDecileLift,
    /// Share of positive rows.
    BaseRate,
    /// Mean probability.
    MeanScore,
}

/// A run of rows with the same score.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub positives: f64,
    pub negatives: f64,
}

impl Metric {
    /// All metrics, in the order of a table.
    pub const ALL: [Self; 8] = [
        Self::RocAuc,
        Self::PrAuc,
        Self::Ks,
        Self::LogLoss,
        Self::Brier,
        Self::TopDecileLift,
        Self::BaseRate,
        Self::MeanScore,
    ];

    /// Its name in `config(metric = ...)` and in the registry.
    pub fn name(self) -> &'static str {
        match self {
            Self::RocAuc => "roc_auc",
            Self::PrAuc => "pr_auc",
            Self::Ks => "ks",
            Self::LogLoss => "log_loss",
            Self::Brier => "brier",
            Self::TopDecileLift => "top_decile_lift",
            Self::BaseRate => "base_rate",
            Self::MeanScore => "mean_score",
        }
    }

    /// The metric of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Whether more is better; `None` for what describes the rows and cannot choose a champion.
    pub fn higher_is_better(self) -> Option<bool> {
        match self {
            Self::RocAuc | Self::PrAuc | Self::Ks | Self::TopDecileLift => Some(true),
            Self::LogLoss | Self::Brier => Some(false),
            Self::BaseRate | Self::MeanScore => None,
        }
    }
}

/// Totals of both labels; `None` unless there is weight on both.
fn totals(groups: &[Group]) -> Option<(f64, f64)> {
    let positives: f64 = groups.iter().map(|group| group.positives).sum();
    let negatives: f64 = groups.iter().map(|group| group.negatives).sum();
    (positives > 0.0 && negatives > 0.0).then_some((positives, negatives))
}

pub fn roc_auc(groups: &[Group]) -> Option<f64> {
    let (positives, negatives) = totals(groups)?;
    let mut above = 0.0;
    let mut won = 0.0;
    for group in groups {
        won += group.negatives * (above + group.positives / 2.0);
        above += group.positives;
    }
    Some(won / (positives * negatives))
}

pub fn pr_auc(groups: &[Group]) -> Option<f64> {
    let (positives, _) = totals(groups)?;
    let (mut hits, mut rows, mut area) = (0.0, 0.0, 0.0);
    for group in groups {
        hits += group.positives;
        rows += group.positives + group.negatives;
        if group.positives > 0.0 {
            area += group.positives * hits / rows;
        }
    }
    Some(area / positives)
}

pub fn ks(groups: &[Group]) -> Option<f64> {
    let (positives, negatives) = totals(groups)?;
    let (mut hits, mut alarms, mut largest) = (0.0, 0.0, 0.0_f64);
    for group in groups {
        hits += group.positives / positives;
        alarms += group.negatives / negatives;
        largest = largest.max((hits - alarms).abs());
    }
    Some(largest)
}

pub fn top_decile_lift(groups: &[Group]) -> Option<f64> {
    let positives: f64 = groups.iter().map(|group| group.positives).sum();
    let rows: f64 = positives + groups.iter().map(|group| group.negatives).sum::<f64>();
    if positives <= 0.0 {
        return None;
    }
    let top = rows / 10.0;
    let (mut left, mut hits) = (top, 0.0);
    for group in groups {
        let size = group.positives + group.negatives;
        if size > 0.0 {
            let share = (left / size).clamp(0.0, 1.0);
            hits += share * group.positives;
            left -= share * size;
        }
    }
    Some(hits / top / (positives / rows))
}
