//! Model cards (Mitchell and others, Model cards for model reporting, 2019): a page on one version, of what the database
//! keeps of it and of its lists. Nothing is trained or scored for it.

mod facts;

use anyhow::Result;

use crate::page::{self, Lang, Page};
use crate::registry::Version;
use crate::warehouse::Warehouse;

/// The page on a version, and its charts. Inputs are links to the page `docs` of tables and columns, where it is named.
pub fn of(warehouse: &Warehouse, version: &Version, lang: Lang, docs: Option<&str>) -> Result<Page> {
    let mut facts = facts::of(warehouse, version)?;
    facts["docs"] = docs.into();
    page::render("model.html.jinja", lang, &facts)
}
