//! `registry.files`: the texts of the files that decided a version, so that it can be fitted and score again when the
//! project's are others. A text that several versions share is there once.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::new_version::add_rows;
use crate::fingerprint;
use crate::warehouse::{SqlError, Warehouse};

/// Keeps the files of a version: path and text.
pub fn keep(
    warehouse: &Warehouse,
    model: &str,
    version: i32,
    files: &BTreeMap<String, String>,
) -> Result<()> {
    let file = |(file, text): (&String, &String)| json!({"file": file, "digest": fingerprint::of(&[text]), "text": text});
    let files: Vec<Value> = files.iter().map(file).collect();
    add_rows(warehouse, "files", model, version, &files)?;
    warehouse.execute(
        r#"insert into registry.texts
           select digest, any_value(text)
           from (select unnest(from_json(?, '[{"digest": "varchar", "text": "varchar"}]'), max_depth := 2))
           where digest not in (select digest from registry.texts) group by digest"#,
        &[&serde_json::to_string(&files)?],
    )?;
    Ok(())
}

/// The files of a version; none where it was trained before they were kept.
pub fn files(warehouse: &Warehouse, model: &str, version: i32) -> Result<BTreeMap<String, String>, SqlError> {
    let sql = "select file, text from registry.files inner join registry.texts using (digest)
        where model = ? and version = ?";
    let files = warehouse.rows(sql, &[&model, &version], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(files.into_iter().collect())
}
