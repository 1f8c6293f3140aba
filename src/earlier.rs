//! The files of a version at work again, where the project's are others by now. Its tables that differ from those of the
//! project are built in a warehouse beside, in memory; the rest is read from where it is.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use crate::catalog::{Catalog, Model};
use crate::dataset::{Dataset, Snapshot, Workspace, pull};
use crate::guard::Guard;
use crate::ingest::Loads;
use crate::learn::Recipe;
use crate::partitions::{self, Basis, Context, DuckDb, Engine, Fingerprints, Ledger, Plan, Unbuilt};
use crate::project::Project;
use crate::registry::{self, Version};
use crate::template::Templates;
use crate::term;
use crate::warehouse::{Warehouse, ident};

/// What of a run decides how its tables are built.
#[derive(Clone, Copy)]
pub struct Means<'a> {
    pub warehouse: &'a Warehouse,
    pub ledger: &'a Ledger,
    pub loads: &'a Loads,
    /// Labels known on a later day are hidden.
    pub settled_until: NaiveDate,
    pub run_id: &'a str,
    pub cores: usize,
    pub time_limit: Option<Duration>,
}

impl<'a> Means<'a> {
    /// What a plan of partitions in this database is made from.
    pub fn basis(self, ledger: &'a Ledger, force: bool) -> Basis<'a> {
        let Self { loads, settled_until, .. } = self;
        Basis { ledger, loads, settled_until, force, holds: &partitions::here }
    }

    /// How it is carried out.
    pub fn context(self, guard: &'a Guard, engine: &'a dyn Engine) -> Context<'a> {
        Context { run_id: self.run_id, guard, time_limit: self.time_limit, engine }
    }
}

pub struct Earlier {
    pub catalog: Catalog,
    name: String,
    /// Whose `ref` reads the tables beside.
    sealed: Templates,
    beside: Warehouse,
    guard: Guard,
    /// Tables that are built beside; and those that are read from the warehouse.
    own: BTreeSet<String>,
    shared: BTreeSet<String>,
    /// Of every partition that was asked for.
    pub fingerprints: Fingerprints,
    /// The same, whatever labels are known.
    pub visible: Fingerprints,
}

impl Earlier {
    /// The files that `version` was trained by; or why they are not at hand.
    pub fn of(means: Means<'_>, present: &Catalog, version: &Version) -> Result<Result<Self, String>> {
        let kept = registry::files(means.warehouse, &version.model, version.number)?;
        if kept.is_empty() {
            return Ok(Err("its files were not kept, it is of an earlier olist".to_owned()));
        }
        // What is loaded is described by the sources as they are now.
        let sources = present.templates.files("queries/sources/");
        let sources = sources.map(|file| (file, present.templates.source(file)));
        let kept = kept.iter().map(|(file, text)| (file.as_str(), text.as_str()));
        let project = Project::of(sources.chain(kept));
        let catalog = Catalog::read(&project, present.templates.vars().clone(), version.as_of)?;
        let Some(model) = catalog.models.get(&version.model) else {
            let why = catalog.mistakes.first().map(|mistake| mistake.message.clone()).unwrap_or_default();
            return Ok(Err(format!("its files are not understood any more: {why}")));
        };
        if catalog.definition(model)?.0 != version.definition {
            let why = "its files give other SQL by now, by another --var or another olist";
            return Ok(Err(why.to_owned()));
        }
        let beside = format!("earlier_{}", &version.definition.get(..12).unwrap_or(&version.definition));
        let sealed = catalog.templates.sealed(&format!("{beside}."));
        let warehouse = means.warehouse.beside(&beside)?;
        lay_out(means.warehouse, &beside)?;
        Ok(Ok(Self {
            name: version.model.clone(),
            sealed,
            guard: Guard::new(&warehouse, &catalog, means.run_id)?,
            beside: warehouse,
            catalog,
            own: BTreeSet::new(),
            shared: BTreeSet::new(),
            fingerprints: Fingerprints::new(),
            visible: Fingerprints::new(),
        }))
    }

    pub fn model(&self) -> Result<&Model> {
        self.catalog.model(&self.name)
    }

    /// Where its tables are looked at.
    pub fn tables(&self) -> Result<Workspace<'_>> {
        Ok(Workspace { warehouse: &self.beside, catalog: &self.catalog, model: self.model()? })
    }

    /// Where its SELECT runs and scores are written; `warehouse` is the project's.
    pub fn at<'a>(&'a self, warehouse: &'a Warehouse) -> Result<Workspace<'a>> {
        Ok(Workspace { warehouse, catalog: &self.catalog, model: self.model()? })
    }

    /// Its SELECT at `date`, over the tables beside.
    pub fn snapshot(&self, date: NaiveDate) -> Result<Snapshot> {
        let select = self.catalog.render_with(&self.sealed, &self.model()?.table(), date)?;
        Ok(Snapshot { date, select: select.into() })
    }

    /// Its rows at `dates`, with its rule.
    pub fn rows(&mut self, means: Means<'_>, dates: &[NaiveDate], recipe: &Recipe) -> Result<Dataset> {
        self.plan(means, dates)?;
        self.build(means, dates)?;
        let snapshots = dates.iter().map(|date| self.snapshot(*date)).collect::<Result<Vec<_>>>()?;
        pull(self.at(means.warehouse)?, &snapshots, std::slice::from_ref(recipe))
    }

    /// Finds out which of its tables are those of the warehouse at all of `dates`.
    pub fn plan(&mut self, means: Means<'_>, dates: &[NaiveDate]) -> Result<()> {
        let plan = self.planned(means, means.ledger, dates)?;
        self.own.extend(plan.tasks.iter().map(|task| task.table.clone()));
        self.fingerprints.extend(plan.fingerprints);
        self.visible.extend(plan.visible);
        Ok(())
    }

    /// Builds the others.
    pub fn build(&mut self, means: Means<'_>, dates: &[NaiveDate]) -> Result<()> {
        for table in self.catalog.upstream(&self.model()?.table()) {
            if self.own.contains(&table) {
                if self.shared.remove(&table) {
                    self.beside.batch(&format!("drop view {table}"))?;
                }
            } else if self.shared.insert(table.clone()) {
                self.beside.batch(&format!("create view {table} as from warehouse.{table}"))?;
            }
        }
        let mut plan = self.planned(means, &Ledger::read(&self.beside)?, dates)?;
        plan.tasks.retain(|task| self.own.contains(&task.table));
        let context = means.context(&self.guard, &DuckDb);
        if !plan.tasks.is_empty() {
            let count = term::counted(plan.tasks.len(), "partition");
            term::note(&format!("  {count} beside the warehouse, by the files of the version that serves"));
        }
        let mut unbuilt = Unbuilt::default();
        partitions::build(&self.beside, &self.catalog, &plan, &context, means.cores, &mut unbuilt)?;
        unbuilt.check()
    }

    fn planned(&self, means: Means<'_>, ledger: &Ledger, dates: &[NaiveDate]) -> Result<Plan> {
        let tables = self.catalog.upstream(&self.model()?.table());
        Plan::make(&self.catalog, &tables, dates, &means.basis(ledger, false))
    }
}

/// The sources of the warehouse, as they are read in the one beside.
pub fn lay_out(warehouse: &Warehouse, beside: &str) -> Result<()> {
    let sources = "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'sources'";
    for source in warehouse.rows(sources, &[], |row| row.get::<_, String>(0))? {
        let (name, as_of) = (ident(&source), ident(&format!("{source}_as_of")));
        warehouse
            .batch(&format!(
                "create or replace view {beside}.sources.{name} as from warehouse.sources.{name};
                 create or replace macro {beside}.sources.{as_of}(reference_date) as table
                     from warehouse.sources.{as_of}(reference_date)"
            ))
            .with_context(|| format!("could not reach sources.{source}"))?;
    }
    Ok(())
}
