//! The gate before the version that serves: a challenger takes over where the paired difference leaves no doubt.

use anyhow::Result;

use super::Contest;
use super::rival::{Apart, Lost, Standing};
use super::validate::{Fold, Validated, mean, measure};
use crate::learn::{self, Difference, Interval, Metric, Scored};
use crate::registry::contests::{Basis, Duel, Outcome, Verdict, shown};
use crate::registry::{Measured, OverRule, Version, recorded};
use crate::term;

/// Resamples behind a difference.
const DRAWS: usize = 500;

/// Who comes out of a contest.
pub struct Ruling {
    /// The recipe of the new version.
    pub winner: usize,
    pub verdict: Verdict,
    /// What the version that serves has on these folds, where it is none of the recipes.
    pub measured: Vec<Measured>,
    pub notes: Vec<String>,
}

/// A contest whose candidates are fitted.
pub struct Gate<'a> {
    pub contest: &'a Contest<'a>,
    pub by: Metric,
    pub validated: &'a Validated<'a>,
    pub metrics: &'a [Measured],
}

impl Gate<'_> {
    pub fn rule(&self, standing: Standing) -> Result<Ruling> {
        match (standing, self.contest.rival.version()) {
            (Standing::Recipe(at), Some(version)) => self.within(version.number, at),
            (Standing::Apart(apart), Some(version)) => self.apart(version.number, &apart),
            (Standing::Lost(lost), Some(version)) => self.recorded(version, &lost),
            _ => {
                let winner = self.best(None);
                let (name, metric, mean) = (self.name(winner), self.by.name(), shown(self.value(winner)));
                let reason = format!("{}: `{name}` has the best mean {metric}, {mean}", self.contest.why);
                let verdict = Verdict { reason, ..Verdict::default() };
                Ok(Ruling { winner, verdict, measured: Vec::new(), notes: Vec::new() })
            }
        }
    }

    fn name(&self, at: usize) -> &str {
        &self.contest.recipes[at].name
    }

    pub fn value(&self, at: usize) -> Option<f64> {
        mean(self.metrics, self.name(at), None, self.by)
    }

    fn sign(&self) -> f64 {
        if self.by.higher_is_better() == Some(false) { -1.0 } else { 1.0 }
    }

    /// The best mean but of the recipe at `except`; of equals a rule, then the candidate named first.
    fn best(&self, except: Option<usize>) -> usize {
        self.first_of((0..self.contest.recipes.len()).filter(|at| Some(*at) != except)).unwrap_or(0)
    }

    fn first_of(&self, recipes: impl Iterator<Item = usize>) -> Option<usize> {
        let value = |at| self.value(at).map_or(f64::NEG_INFINITY, |mean| self.sign() * mean);
        let rank = |at: usize| (self.contest.recipes[at].rule().is_some(), usize::MAX - at);
        recipes.max_by(|&a, &b| value(a).total_cmp(&value(b)).then_with(|| rank(a).cmp(&rank(b))))
    }

    /// Whether a difference leaves no doubt.
    fn wins(&self, duel: &Duel) -> bool {
        let Interval { low, high } = duel.interval;
        (self.sign() * low).min(self.sign() * high) > 0.0
    }

    /// The best rule but `winner`, with the difference of the winner to it.
    pub fn over_rule(&self, winner: usize) -> Result<Option<(usize, OverRule)>> {
        let recipes = &self.contest.recipes;
        let rules = (0..recipes.len()).filter(|&at| recipes[at].rule().is_some() && self.value(at).is_some());
        let Some(rule) = self.first_of(rules.filter(|_| recipes[winner].rule().is_none())) else {
            return Ok(None);
        };
        let over = |Duel { metric, difference, interval, .. }| {
            (rule, OverRule { rule: self.name(rule).to_owned(), metric, difference, interval })
        };
        Ok(self.between(winner, rule)?.map(over))
    }

    /// The files did not change, or no row did: the other candidates against the recipe that serves.
    fn within(&self, version: i32, at: usize) -> Result<Ruling> {
        let why = self.contest.why;
        let best = self.best(Some(at));
        let duel = if best == at { None } else { self.between(best, at)? };
        let told = duel.as_ref().map(|duel| duel.against(version)).unwrap_or_default();
        if duel.as_ref().is_some_and(|duel| self.wins(duel)) {
            let reason = format!("{why}: {told}: `{}` takes over", self.name(best));
            let verdict = Verdict { outcome: Outcome::TakesOver, against: Some(version), duel, reason };
            return Ok(Ruling { winner: best, verdict, measured: Vec::new(), notes: Vec::new() });
        }
        let (name, metric, mean) = (self.name(at), self.by.name(), shown(self.value(at)));
        let reason = format!("{why}: `{name}` of version {version} fitted again, mean {metric} {mean}");
        let notes = duel.iter().map(|_| format!("{told}: version {version} stays")).collect();
        let verdict = Verdict { outcome: Outcome::FittedAgain, against: Some(version), duel, reason };
        Ok(Ruling { winner: at, verdict, measured: Vec::new(), notes })
    }

    /// Edited files against the version that serves, by its own.
    fn apart(&self, version: i32, apart: &Apart) -> Result<Ruling> {
        let Validated { data, folds, predicted, .. } = self.validated;
        let winner = self.best(None);
        let (mut rows, mut one, mut other, mut measured) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((fold, own), (places, theirs)) in
            folds.iter().zip(&predicted[winner]).zip(apart.common(data, folds))
        {
            let test = places.iter().map(|&at| fold.test[at]).collect();
            let shared = Fold { train: Vec::new(), test, ..*fold };
            measured.extend(measure(data, &shared, &apart.name, &theirs, self.contest.at.model.spec.seed)?);
            rows.push(shared.test);
            one.push(places.iter().map(|&at| own[at]).collect());
            other.push(theirs);
        }
        let all = folds.iter().map(|fold| fold.test.len()).sum();
        let shared: usize = rows.iter().map(Vec::len).sum();
        let mut notes = Vec::new();
        if shared < all {
            let (shared, all) = (term::thousands(shared as u64), term::counted(all, "row"));
            notes.push(format!("version {version} has {shared} of the {all}: compared on these"));
        }
        let duel = self.duel(winner, &rows, &one, &other)?;
        let verdict = self.verdict(winner, version, duel, "has other rows", None);
        Ok(Ruling { winner, verdict, measured, notes })
    }

    /// Against what the version that serves had at its own training, on the folds that both have.
    fn recorded(&self, version: &Version, Lost { why, serves }: &Lost) -> Result<Ruling> {
        let (winner, number) = (self.best(None), version.number);
        let duel = self.recorded_duel(winner, version)?;
        let notes = vec![format!("version {number} cannot be fitted again: {why}")];
        let unable = (!serves).then_some(why.as_str());
        let verdict = self.verdict(winner, number, duel, "was measured on other folds", unable);
        Ok(Ruling { winner, verdict, measured: Vec::new(), notes })
    }

    /// What is made of edited files: they take over where they win, where that is asked for, or where the version that
    /// serves is `unable` to score any more. `apart` is why it may not be compared at all.
    fn verdict(
        &self,
        winner: usize,
        version: i32,
        duel: Option<Duel>,
        apart: &str,
        unable: Option<&str>,
    ) -> Verdict {
        let name = self.name(winner);
        let told = match &duel {
            Some(duel) => format!("{}: ", duel.against(version)),
            None if unable.is_some() => String::new(),
            None => format!("nothing to compare with version {version}, which {apart}: "),
        };
        let (outcome, end) = if let Some(why) = unable {
            let end = format!("`{name}` takes over, because version {version} cannot score any more: {why}");
            (Outcome::TakesOver, end)
        } else if duel.as_ref().is_some_and(|duel| self.wins(duel)) {
            (Outcome::TakesOver, format!("`{name}` takes over"))
        } else if self.contest.is_accepted {
            (Outcome::Accepted, format!("`{name}` takes over, by --accept"))
        } else {
            (Outcome::Kept, format!("version {version} stays"))
        };
        Verdict {
            outcome,
            against: Some(version),
            duel,
            reason: format!("{}: {told}{end}", self.contest.why),
        }
    }

    fn recorded_duel(&self, winner: usize, version: &Version) -> Result<Option<Duel>> {
        let then = recorded(self.contest.warehouse, version, self.by.name())?;
        let is_its = |one: &&Measured| {
            one.candidate == self.name(winner) && one.slice.is_none() && one.metric == self.by.name()
        };
        let width = |measured: &Measured| measured.interval.map(|Interval { low, high }| high - low);
        let both = self.metrics.iter().filter(is_its).filter_map(|now| {
            let is_same = |then: &&Measured| (then.snapshot, then.snapshots) == (now.snapshot, now.snapshots);
            let then = then.iter().find(is_same)?;
            Some((now.value?, (then.value?, width(now)?.hypot(width(then)?))))
        });
        let (now, (then, widths)): (Vec<f64>, (Vec<f64>, Vec<f64>)) = both.unzip();
        if now.is_empty() {
            return Ok(None);
        }
        let (one, other) = (learn::mean(&now), learn::mean(&then));
        // Not paired, so as wide as of two models that have nothing in common.
        let squares: f64 = widths.iter().map(|width| width.powi(2)).sum();
        let half = squares.sqrt() / widths.len() as f64 / 2.0;
        let interval = Interval { low: one - other - half, high: one - other + half };
        Ok(Some(self.told(winner, Difference { one, other, interval }, Basis::Recorded)))
    }

    fn between(&self, one: usize, other: usize) -> Result<Option<Duel>> {
        let Validated { folds, predicted, .. } = self.validated;
        let rows: Vec<_> = folds.iter().map(|fold| fold.test.clone()).collect();
        self.duel(one, &rows, &predicted[one], &predicted[other])
    }

    /// The recipe at `at` beside another model on the same rows of each fold, by what each says of them.
    fn duel(
        &self,
        at: usize,
        rows: &[Vec<usize>],
        one: &[Vec<f64>],
        other: &[Vec<f64>],
    ) -> Result<Option<Duel>> {
        let data = self.validated.data;
        let scored = |predicted: &[Vec<f64>]| -> Result<Vec<Scored>> {
            let all = rows.iter().zip(predicted);
            all.map(|(rows, scores)| Scored::new(&data.truth(rows), scores)).collect()
        };
        let entities: Vec<_> = rows.iter().map(|rows| data.entities_of(rows)).collect();
        let seed = self.contest.at.model.spec.seed;
        let found = learn::difference(self.by, &entities, &scored(one)?, &scored(other)?, DRAWS, seed)?;
        Ok(found.map(|difference| self.told(at, difference, Basis::Paired)))
    }

    fn told(&self, at: usize, Difference { one, other, interval }: Difference, basis: Basis) -> Duel {
        Duel {
            challenger: self.name(at).to_owned(),
            metric: self.by.name(),
            value: one,
            against: other,
            difference: one - other,
            interval,
            basis,
        }
    }
}
