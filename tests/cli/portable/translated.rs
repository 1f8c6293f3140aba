//! The built-in project, translated.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use olist::catalog::Catalog;
use olist::ingest;
use olist::portable::{self, Relations};
use olist::project::Project;
use olist::template::{Rendered, Templates, Vars};

/// The built-in project as it is rendered for both engines.
pub struct Both {
    pub catalog: Catalog,
    templates: Templates,
    date: NaiveDate,
    /// The SELECTs of what sources knew, over views that are called as the sources.
    pub sources: BTreeMap<String, String>,
}

impl Both {
    pub fn at(date: &str) -> Self {
        let project = Project::built_in();
        let date: NaiveDate = date.parse().unwrap();
        let catalog = Catalog::read(&project, Vars::new(), date).unwrap();
        let templates = Templates::for_spark(&project, Vars::new()).unwrap();
        let specs = ingest::specs(&project, &templates).unwrap();
        let mut sources = BTreeMap::new();
        for (name, spec) in specs {
            let sql = portable::as_of(&name, &spec, date, &format!("sources_{name}"), &templates).unwrap();
            sources.insert(name, sql);
        }
        Self { catalog, templates, date, sources }
    }

    /// The SELECT of a table, or of a model's inputs, for DuckDB.
    pub fn for_duckdb(&self, name: &str) -> String {
        self.catalog.render(name, self.date).unwrap().sql.0.clone()
    }

    /// The same for Spark, over views: `orders_as_of`, `sources_orders`, `features_seller_sales`.
    pub fn for_spark(&self, name: &str) -> String {
        let rendered: Rendered = self.catalog.render_with(&self.templates, name, self.date).unwrap();
        let relations = Relations {
            as_of: &|name| format!("{name}_as_of"),
            whole: &|name| format!("sources_{name}"),
            table: &|name| name.replace('.', "_"),
        };
        portable::select(&rendered, &self.templates, &relations).unwrap().sql
    }
}

/// The SELECTs of all sources, tables and models for Spark.
pub fn translated(date: &str) -> BTreeMap<String, String> {
    let both = Both::at(date);
    let sources = both.sources.iter().map(|(name, sql)| (format!("sources.{name}"), sql.clone()));
    let tables =
        both.catalog.order.iter().map(|name| (name.replace("scores.", "models."), both.for_spark(name)));
    sources.chain(tables).collect()
}
