//! `olist monitor [MODEL]`: what came of the lists that were delivered.

use anyhow::Result;

use super::Session;
use crate::catalog::Model;
use crate::config::Task;
use crate::dataset::Workspace;
use crate::guard::Guard;
use crate::monitor::{self, Pending};
use crate::problem::Problem;
use crate::run::Loaded;
use crate::term;
use crate::warehouse::text;

/// One row per list that has settled.
const SETTLED: &str = "
with one as (
    select o.*, m.metric as deciding
    from registry.outcomes as o
    inner join registry.models as m on m.model = o.model and m.version = o.model_version
    where o.model = {model}
),

drifts as (
    select model, reference_date, model_version, max(psi) as psi
    from registry.drift
    where input <> 'score'
    group by all
)

select
    model,
    reference_date,
    model_version as version,
    any_value(rows) as rows,
    '100 %' as known,
    any_value(settled_on) as settled_on,
    deciding as metric,
    printf('%.4f', max(value) filter (where metric = deciding)) as value,
    printf('%.3f..%.3f', max(low) filter (where metric = deciding), max(high) filter (where metric = deciding))
        as interval_95,
    printf('%.3f..%.3f', max(promised_low) filter (where metric = deciding),
        max(promised_high) filter (where metric = deciding)) as promised,
    printf('%.4f', max(rule_value) filter (where metric = deciding)) as rule,
    printf('%.2f', max(value) filter (where metric = 'top_decile_lift')) as lift_10,
    printf('%.4f', max(value) filter (where metric = 'log_loss')) as log_loss,
    printf('%.3f', max(value) filter (where metric = 'mean_score')) as mean_score,
    printf('%.3f', max(value) filter (where metric = 'base_rate')) as base_rate,
    format('{:,.0f}', max(value) filter (where metric = 'stake_brl')) as stake_brl,
    format('{:,.0f}', max(value) filter (where metric = 'stake_true_brl')) as true_brl,
    concat(format('{:,.0f}', max(value) filter (where metric = 'stake_true_top_decile_brl')),
        format(' (rule {:,.0f})', max(rule_value) filter (where metric = 'stake_true_top_decile_brl')))
        as top_10_brl,
    printf('%.2f', any_value(drifts.psi)) as max_psi,
    any_value(is_back_cast) as back_cast
from one
left join drifts using (model, reference_date, model_version)
group by model, reference_date, model_version, scored_at, deciding
order by reference_date, scored_at";

pub fn monitor(session: &Session, name: Option<&str>, fail: bool) -> Result<()> {
    let warehouse = session.open_existing()?;
    let loaded = Loaded::read(&warehouse)?;
    let catalog = session.catalog(loaded.last_date())?;
    let models: Vec<&Model> = match name {
        Some(name) => vec![catalog.model(name)?],
        None => catalog.models.values().collect(),
    };
    let guard = Guard::new(&warehouse, &catalog, &session.run_id)?;
    let settled = |model: &str| warehouse.arrow(&SETTLED.replace("{model}", &text(model)));
    let (mut table, mut complaints) = (settled("")?.table(), Vec::new());
    for model in models {
        let Task::Binary(binary) = &model.spec.task else {
            term::note(&format!(
                "{}: segments predict nothing; scores.{0}_profile has what followed",
                model.name
            ));
            continue;
        };
        guard.clear(&warehouse, &catalog, &model.table(), loaded.last_date())?;
        let at = Workspace { warehouse: &warehouse, catalog: &catalog, model };
        let pending = monitor::update(at, loaded.last_date())?;
        table.append(settled(&model.name)?.table());
        for Pending { delivery, rows, known, settled_on } in pending {
            // No metric of it: those whose labels are known first are not like the others.
            let share = if rows > 0 { 100 * known / rows } else { 0 };
            let settled_on = settled_on.map_or_else(String::new, |day| day.to_string());
            let (date, version) = (&delivery.date, &delivery.version);
            table.row(&[&model.name, date, version, &rows, &format!("{share} %"), &settled_on]);
        }
        let last = monitor::last(&warehouse, &model.name, binary.metric, &session.run_id)?;
        complaints.extend(last.and_then(|last| last.complaint(&model.name)));
    }
    table.print(session.options.format)?;
    end(complaints, fail)
}

fn end(mut complaints: Vec<String>, fail: bool) -> Result<()> {
    let last = if fail { complaints.pop() } else { None };
    for complaint in &complaints {
        term::warn(complaint);
    }
    last.map_or(Ok(()), |what| {
        Err(Problem::data(what)
            .hint("`olist models MODEL` shows its versions; `olist plan` tries an edit")
            .into())
    })
}
