//! `registry.outcomes`: what came of delivered lists, on settled cohorts only.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{NaiveDate, NaiveDateTime};

use super::Delivery;
use crate::dataset::Workspace;
use crate::learn::{Interval, Metric, Scored};
use crate::warehouse::Warehouse;

/// Resamples behind each interval.
const DRAWS: usize = 200;

/// The deciding metric of a delivery, and how it compares.
pub struct Outcome {
    pub date: NaiveDate,
    pub version: i32,
    pub metric: Metric,
    pub value: f64,
    /// The range of the folds of the training.
    pub promised: Option<(f64, f64)>,
    pub rule: Option<f64>,
}

/// The deliveries whose outcomes are known.
pub fn done(warehouse: &Warehouse, model: &str) -> Result<BTreeSet<(NaiveDate, i32, NaiveDateTime)>> {
    let sql =
        "select distinct reference_date, model_version, scored_at from registry.outcomes where model = ?";
    let rows = warehouse.rows(sql, &[&model], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.into_iter().collect())
}

/// Writes down what came of `delivery`.
pub fn add(
    at: Workspace<'_>,
    delivery: &Delivery,
    rule: Option<&(String, BTreeMap<String, f64>)>,
    settled_on: Option<NaiveDate>,
) -> Result<()> {
    let rows = super::rows(at, delivery)?;
    let scored = Scored::new(&rows.labels, &rows.scores)?;
    let intervals = scored.intervals(&Metric::ALL, &rows.entities, DRAWS, at.model.spec.seed)?;
    let rule = rule.and_then(|(name, by_entity)| {
        let values: Option<Vec<f64>> =
            rows.entities.iter().map(|entity| by_entity.get(entity).copied()).collect();
        Some((name.as_str(), Scored::new(&rows.labels, &values?).ok()?))
    });
    let count = i64::try_from(rows.labels.len())?;
    let (rule_name, rule) = rule.unzip();
    let write = |name: &str, value: Option<f64>, interval: Option<Interval>, rule: Option<f64>| {
        at.warehouse.execute(
            ADD,
            &[
                &at.model.name,
                &delivery.version,
                &name,
                &delivery.date,
                &delivery.scored_at,
                &settled_on,
                &count,
                &value,
                &interval.map(|interval| interval.low),
                &interval.map(|interval| interval.high),
                &rule_name,
                &rule,
            ],
        )
    };
    at.warehouse.transaction(|| {
        for (metric, interval) in Metric::ALL.into_iter().zip(&intervals) {
            let of_rule = rule.as_ref().and_then(|rule| rule.metric(metric));
            write(metric.name(), scored.metric(metric), *interval, of_rule)?;
        }
        if rows.stakes.iter().all(Option::is_none) {
            return Ok(());
        }
        let stake = |row: usize| rows.stakes[row].unwrap_or_default();
        let came_true = |row: usize| if rows.labels[row] { stake(row) } else { 0.0 };
        let of_top = |scored: &Scored| {
            let top = scored.order.len().div_ceil(10);
            scored.order.iter().take(top).map(|&row| came_true(row as usize)).sum::<f64>()
        };
        let all = (0..rows.labels.len()).map(came_true).sum();
        write("stake_brl", Some((0..rows.labels.len()).map(stake).sum()), None, None)?;
        write("stake_true_brl", Some(all), None, None)?;
        write("stake_true_top_decile_brl", Some(of_top(&scored)), None, rule.as_ref().map(of_top))?;
        Ok(())
    })
}

const ADD: &str = "
insert into registry.outcomes by name
with promise as (
    select avg(value) as promised, min(low) as promised_low, max(high) as promised_high
    from registry.metrics
    inner join registry.models using (model, version, candidate)
    where model = $1 and version = $2 and metrics.metric = $3 and slice is null and snapshots > 0
)
select $1 as model, $4 as reference_date, $2 as model_version, $5 as scored_at, $6 as settled_on, $7 as rows, $3 as metric,
    $8 as value, $9 as low, $10 as high, *, $11 as rule, $12 as rule_value,
    (select trained_through > $4 from registry.models where model = $1 and version = $2) as is_back_cast,
    now()::timestamp as computed_at
from promise";

/// The last list of a model that has settled, was no back-cast and was not delivered by the run `run_id`, by the metric
/// that decides.
pub fn last(warehouse: &Warehouse, model: &str, metric: Metric, run_id: &str) -> Result<Option<Outcome>> {
    let sql = "select reference_date, model_version, value, promised_low, promised_high, rule_value
        from registry.outcomes where model = ? and metric = ? and value is not null and not is_back_cast
            and reference_date not in (
                select reference_date from pipeline.partitions
                where table_name = 'scores.' || model and run_id = ?
            )
        order by reference_date desc, scored_at desc limit 1";
    let read = |row: &duckdb::Row<'_>| {
        let (low, high): (Option<f64>, Option<f64>) = (row.get(3)?, row.get(4)?);
        Ok(Outcome {
            date: row.get(0)?,
            version: row.get(1)?,
            metric,
            value: row.get(2)?,
            promised: low.zip(high),
            rule: row.get(5)?,
        })
    };
    Ok(warehouse.row(sql, &[&model, &metric.name(), &run_id], read)?)
}

impl Outcome {
    /// What is not as it was promised.
    pub fn complaint(&self, model: &str) -> Option<String> {
        let is_lower_better = self.metric.higher_is_better() == Some(false);
        let is_worse = |than: f64| if is_lower_better { self.value > than } else { self.value < than };
        let (low, high) = self.promised.unzip();
        let bound = if is_lower_better { high } else { low };
        let behind = self.rule.filter(|rule| is_worse(*rule)).map(|rule| format!("the rule had {rule:.4}"));
        let outside = bound.filter(|bound| is_worse(*bound)).map(|_| {
            format!("its training promised {:.4} to {:.4}", low.unwrap_or_default(), high.unwrap_or_default())
        });
        let why: Vec<String> = [outside, behind].into_iter().flatten().collect();
        let what = format!(
            "{model}: the list of {} by version {} came to {} {:.4}",
            self.date,
            self.version,
            self.metric.name(),
            self.value
        );
        (!why.is_empty()).then(|| format!("{what}; {}", why.join("; ")))
    }
}
