//! The gate before the version that serves: a challenger takes over where the paired difference leaves no doubt.

use anyhow::Result;

use super::Contest;
use super::rival::{Apart, Lost, Standing};
use super::validate::{Fold, Validated, mean, measure};
use crate::dataset::Dataset;
use crate::learn::{self, Difference, Interval, Metric, Pair, Scored};
use crate::registry::contests::{DIGITS, Duel, Outcome, Verdict};
use crate::registry::{Measured, OverRule, recorded};
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
    pub data: &'a Dataset,
    pub folds: &'a [Fold],
    pub validated: &'a Validated,
}

/// The rows of a fold by two models.
type Both = (Vec<usize>, Vec<f64>, Vec<f64>);

impl Gate<'_> {
    pub fn rule(&self, standing: Standing) -> Result<Ruling> {
        let why = self.contest.why;
        match standing {
            Standing::Nobody => {
                let winner = self.best(None).unwrap_or(0);
                let (name, metric) = (&self.contest.recipes[winner].name, self.by.name());
                let mean = self.value(winner).map_or_else(String::new, |mean| format!("{mean:.DIGITS$}"));
                let reason = format!("{why}: `{name}` has the best mean {metric}, {mean}");
                Ok(Ruling::of(winner, Verdict { reason, ..Verdict::default() }))
            }
            Standing::Recipe(version, at) => self.within(version, at),
            Standing::Apart(apart) => self.apart(&apart),
            Standing::Lost(lost) => self.recorded(&lost),
        }
    }

    /// A recipe's mean out of time.
    pub fn value(&self, at: usize) -> Option<f64> {
        mean(&self.validated.metrics, &self.contest.recipes[at].name, None, self.by)
    }

    fn sign(&self) -> f64 {
        if self.by.higher_is_better() == Some(false) { -1.0 } else { 1.0 }
    }

    /// The best mean but of the recipe at `except`; of equals a rule, then the candidate named first.
    fn best(&self, except: Option<usize>) -> Option<usize> {
        self.first_of((0..self.contest.recipes.len()).filter(|at| Some(*at) != except))
    }

    fn first_of(&self, recipes: impl Iterator<Item = usize>) -> Option<usize> {
        let value = |at| self.value(at).map_or(f64::NEG_INFINITY, |mean| self.sign() * mean);
        let rank = |at: usize| (self.contest.recipes[at].rule().is_some(), usize::MAX - at);
        recipes.max_by(|&a, &b| value(a).total_cmp(&value(b)).then_with(|| rank(a).cmp(&rank(b))))
    }

    /// Whether a difference leaves no doubt.
    fn wins(&self, duel: &Duel) -> bool {
        duel.interval.is_some_and(|Interval { low, high }| (self.sign() * low).min(self.sign() * high) > 0.0)
    }

    /// The best rule but `winner`, with the difference of the winner to it.
    pub fn over_rule(&self, winner: usize) -> Result<Option<(usize, OverRule)>> {
        let recipes = &self.contest.recipes;
        let rules = (0..recipes.len()).filter(|&at| recipes[at].rule().is_some() && self.value(at).is_some());
        let Some(rule) = self.first_of(rules.filter(|_| recipes[winner].rule().is_none())) else {
            return Ok(None);
        };
        let Some(Duel { value, against, interval: Some(Interval { low, high }), metric, .. }) =
            self.between(winner, rule)?
        else {
            return Ok(None);
        };
        let name = recipes[rule].name.clone();
        Ok(Some((rule, OverRule { rule: name, metric, difference: value - against, low, high })))
    }

    /// The files did not change, or no row did: the other candidates against the recipe that serves.
    fn within(&self, version: i32, at: usize) -> Result<Ruling> {
        let Contest { why, recipes, .. } = self.contest;
        let challenger = self.best(Some(at));
        let duel = challenger.map(|best| self.between(best, at)).transpose()?.flatten();
        let told = duel.as_ref().map(|duel| duel.against(version));
        if let (Some(best), Some(duel), Some(told)) = (challenger, &duel, &told)
            && self.wins(duel)
        {
            let reason = format!("{why}: {told}: `{}` takes over", recipes[best].name);
            return Ok(Ruling::of(best, Verdict::of(Outcome::TakesOver, version, Some(duel), reason)));
        }
        let mean = self.value(at).map_or_else(String::new, |mean| format!("{mean:.DIGITS$}"));
        let (name, metric) = (&recipes[at].name, self.by.name());
        let reason = format!("{why}: `{name}` of version {version} fitted again, mean {metric} {mean}");
        let verdict = Verdict::of(Outcome::FittedAgain, version, duel.as_ref(), reason);
        let notes = told.map(|told| format!("{told}: version {version} stays")).into_iter().collect();
        Ok(Ruling { notes, ..Ruling::of(at, verdict) })
    }

    /// Edited files against the version that serves, by its own.
    fn apart(&self, apart: &Apart) -> Result<Ruling> {
        let winner = self.best(None).unwrap_or(0);
        let recipe = &self.contest.recipes[winner];
        let predicted = self.validated.predicted(self.data, self.folds, recipe)?;
        let common = apart.common(self.data, self.folds);
        let (mut both, mut measured) = (Vec::new(), Vec::new());
        for ((fold, one), (rows, other)) in self.folds.iter().zip(&predicted).zip(common) {
            let shared = Fold { train: Vec::new(), test: rows, ..*fold };
            measured.extend(measure(
                self.data,
                &shared,
                &apart.name,
                &other,
                self.contest.at.model.spec.seed,
            )?);
            let all = fold.test.iter().zip(one);
            let one = all.filter(|(row, _)| shared.test.binary_search(row).is_ok()).map(|(_, one)| *one);
            both.push((shared.test.clone(), one.collect(), other));
        }
        let (all, shared) = (self.folds.iter().map(|fold| fold.test.len()).sum::<usize>(), both.iter());
        let shared: usize = shared.map(|(rows, ..)| rows.len()).sum();
        let mut notes = Vec::new();
        if shared < all {
            let (shared, all) = (term::thousands(shared as u64), term::counted(all, "row"));
            notes.push(format!("version {} has {shared} of the {all}: compared on these", apart.version));
        }
        let duel = self.duel(winner, &both)?;
        let nothing = || format!("nothing to compare with version {}, which has other rows", apart.version);
        let verdict = self.verdict(winner, apart.version, duel.as_ref(), nothing);
        Ok(Ruling { winner, verdict, measured, notes })
    }

    /// What is made of edited files: they take over where they win, or where that is asked for.
    fn verdict(
        &self,
        winner: usize,
        version: i32,
        duel: Option<&Duel>,
        nothing: impl FnOnce() -> String,
    ) -> Verdict {
        let why = self.contest.why;
        let name = &self.contest.recipes[winner].name;
        let told = duel.map_or_else(nothing, |duel| duel.against(version));
        let (outcome, end) = if duel.is_some_and(|duel| self.wins(duel)) {
            (Outcome::TakesOver, format!("`{name}` takes over"))
        } else if self.contest.is_accepted {
            (Outcome::Accepted, format!("`{name}` takes over, by --accept"))
        } else {
            (Outcome::Kept, format!("version {version} stays"))
        };
        Verdict::of(outcome, version, duel, format!("{why}: {told}: {end}"))
    }

    /// Against what the version that serves had at its own training, on the folds that both have.
    fn recorded(&self, lost: &Lost) -> Result<Ruling> {
        let winner = self.best(None).unwrap_or(0);
        let (number, why) = (lost.version.number, &lost.why);
        let duel = self.recorded_duel(winner, lost)?;
        let notes = vec![format!("version {number} cannot be fitted again: {why}")];
        if !lost.serves {
            let name = &self.contest.recipes[winner].name;
            let told = duel.as_ref().map(|duel| format!("{}: ", duel.against(number))).unwrap_or_default();
            let reason = format!(
                "{}: {told}`{name}` takes over, because version {number} cannot score any more: {why}",
                self.contest.why
            );
            let verdict = Verdict::of(Outcome::TakesOver, number, duel.as_ref(), reason);
            return Ok(Ruling { notes, ..Ruling::of(winner, verdict) });
        }
        let nothing =
            || format!("nothing to compare with version {number}, which was measured on other folds");
        let verdict = self.verdict(winner, number, duel.as_ref(), nothing);
        Ok(Ruling { notes, ..Ruling::of(winner, verdict) })
    }

    fn recorded_duel(&self, winner: usize, lost: &Lost) -> Result<Option<Duel>> {
        let version = &lost.version;
        let then = recorded(self.contest.warehouse, version, self.by.name())?;
        let name = &self.contest.recipes[winner].name;
        let now = self
            .validated
            .metrics
            .iter()
            .filter(|one| one.candidate == *name && one.slice.is_none() && one.metric == self.by.name());
        let both = now.filter_map(|now| {
            let then =
                then.iter().find(|then| (then.snapshot, then.snapshots) == (now.snapshot, now.snapshots))?;
            Some((now.value?, then.value?, width(now)?.hypot(width(then)?)))
        });
        let both: Vec<(f64, f64, f64)> = both.collect();
        if both.is_empty() {
            return Ok(None);
        }
        let folds = both.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64, f64)) -> f64| both.iter().map(of).sum::<f64>() / folds;
        let (value, against) = (mean(&|both| both.0), mean(&|both| both.1));
        // Not paired, so as wide as of two models that have nothing in common.
        let half = both.iter().map(|both| both.2.powi(2)).sum::<f64>().sqrt() / folds / 2.0;
        let interval = Interval { low: value - against - half, high: value - against + half };
        Ok(Some(Duel {
            challenger: name.clone(),
            metric: self.by.name(),
            value,
            against,
            interval: Some(interval),
            is_recorded: true,
        }))
    }

    /// Two recipes on the folds.
    fn between(&self, one: usize, other: usize) -> Result<Option<Duel>> {
        let of = |at: usize| self.validated.predicted(self.data, self.folds, &self.contest.recipes[at]);
        let both = of(one)?.into_iter().zip(of(other)?).zip(self.folds);
        let both = both.map(|((one, other), fold)| (fold.test.clone(), one, other));
        self.duel(one, &both.collect::<Vec<Both>>())
    }

    /// The recipe at `at` beside another model on the same rows.
    fn duel(&self, at: usize, both: &[Both]) -> Result<Option<Duel>> {
        let pair = |(rows, one, other): &Both| {
            let y = self.data.truth(rows);
            Ok(Pair {
                one: Scored::new(&y, one)?,
                other: Scored::new(&y, other)?,
                entities: rows.iter().map(|&row| self.data.entities[row].as_str()).collect(),
            })
        };
        let pairs = both.iter().map(pair).collect::<Result<Vec<Pair<'_>>>>()?;
        let found = learn::difference(self.by, &pairs, DRAWS, self.contest.at.model.spec.seed)?;
        Ok(found.map(|Difference { one, other, interval }| Duel {
            challenger: self.contest.recipes[at].name.clone(),
            metric: self.by.name(),
            value: one,
            against: other,
            interval: Some(interval),
            is_recorded: false,
        }))
    }
}

fn width(measured: &Measured) -> Option<f64> {
    Some(measured.high? - measured.low?)
}

impl Ruling {
    fn of(winner: usize, verdict: Verdict) -> Self {
        Self { winner, verdict, measured: Vec::new(), notes: Vec::new() }
    }
}
