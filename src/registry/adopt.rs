//! Versions that `olist plan` has trained in its scratch database are taken over, where they are what would be trained.

use anyhow::Result;
use chrono::NaiveDate;

use super::Version;
use super::version::in_force;
use crate::warehouse::{Warehouse, text};

/// Whether the scratch database has a training of `model` as of a date by these files, on the sources that are loaded, and
/// nothing has become of the model since.
const IS_THERE: &str = "
select coalesce(bool_and(as_of = $2), false)
    and coalesce(bool_or(definition = $3), false)
    and not exists (
        select source, version from warehouse.pipeline.loads where is_current
        except select source, version from {scratch}.pipeline.loads where is_current
    )
    and not exists (
        select version, since from warehouse.registry.champions where model = $1
        except select version, since from {scratch}.registry.champions where model = $1
    )
from {scratch}.registry.models
where model = $1 and version > (select coalesce(max(version), 0) from warehouse.registry.models where model = $1)";

/// Takes over the versions of `model` that were trained as of `as_of`; gives the one that serves then.
pub fn adopt(
    warehouse: &Warehouse,
    scratch: &str,
    model: &str,
    as_of: NaiveDate,
    definition: &str,
    run_id: &str,
) -> Result<Option<Version>> {
    if warehouse.columns_of(scratch, "registry.models")?.is_empty() {
        return Ok(None);
    }
    let is_there = IS_THERE.replace("{scratch}", scratch);
    if warehouse.row(&is_there, &[&model, &as_of, &definition], |row| row.get::<_, bool>(0))? != Some(true) {
        return Ok(None);
    }
    warehouse.transaction(|| copy(warehouse, scratch, model, run_id))?;
    in_force(warehouse, model, as_of)
}

/// What goes along, beside the tables of versions. Of scores MLflow is told when they are written here.
const ALONG: &str = "
update warehouse.registry.models set run_id = {run_id} where model = {model} and version > {last};
insert into warehouse.registry.texts by name
from {scratch}.registry.texts where digest not in (select digest from warehouse.registry.texts);
delete from warehouse.registry.champions where model = {model};
insert into warehouse.registry.champions by name from {scratch}.registry.champions where model = {model};
insert into warehouse.registry.outbox by name
select * replace (
    (select coalesce(max(item), 0) from warehouse.registry.outbox) + row_number() over (order by item) as item,
    {run_id} as run_id
)
from {scratch}.registry.outbox where model = {model} and version > {last} and reference_date is null";

fn copy(warehouse: &Warehouse, scratch: &str, model: &str, run_id: &str) -> Result<()> {
    let last = "select coalesce(max(version), 0) from warehouse.registry.models where model = ?";
    let last = warehouse.row(last, &[&model], |row| row.get::<_, i32>(0))?.unwrap_or(0);
    let tables = "select table_name from duckdb_columns()
        where database_name = 'warehouse' and schema_name = 'registry' and column_name in ('model', 'version')
            and table_name not in ('champions', 'outbox')
        group by table_name having count(*) = 2";
    let of_versions = "insert into warehouse.registry.{table} by name
        from {scratch}.registry.{table} where model = {model} and version > {last};";
    let tables: Vec<String> = warehouse.rows(tables, &[], |row| row.get(0))?;
    let sql: String = tables.iter().map(|table| of_versions.replace("{table}", table)).collect();
    let sql = (sql + ALONG)
        .replace("{scratch}", scratch)
        .replace("{model}", &text(model))
        .replace("{last}", &last.to_string())
        .replace("{run_id}", &text(run_id));
    Ok(warehouse.batch(&sql)?)
}
