//! What a run did in a scratch database, beside the database as it is: tables by rows and columns, models by scores.

mod models;
mod tables;

use anyhow::Result;
use serde::Serialize;

pub use models::{ModelPreview, Moved, Trained};
pub use tables::{Differing, TablePreview};

use crate::catalog::Catalog;
use crate::partitions::Ledger;
use crate::warehouse::Warehouse;

/// The name under which the database as it is is attached.
pub const BEFORE: &str = "before";

#[derive(Serialize)]
pub struct Preview {
    pub tables: Vec<TablePreview>,
    pub models: Vec<ModelPreview>,
}

/// Compares `scratch`, to which the database as it is is attached, with it. `run_id` is the run in the scratch.
pub fn preview(scratch: &Warehouse, catalog: &Catalog, run_id: &str) -> Result<Preview> {
    let (before, after) = (Ledger::read_of(scratch, BEFORE)?, Ledger::read(scratch)?);
    let mut preview = Preview { tables: Vec::new(), models: Vec::new() };
    for node in catalog.order.iter().filter_map(|name| catalog.tables.get(name)) {
        preview.tables.extend(tables::of(scratch, node, &before, &after)?);
    }
    for model in catalog.models.values() {
        preview.models.extend(models::of(scratch, model, run_id, &before, &after)?);
    }
    Ok(preview)
}

impl Preview {
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.models.is_empty()
    }
}
