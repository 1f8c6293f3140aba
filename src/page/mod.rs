//! Pages: HTML that needs nothing else, of a template, one style sheet, the words of a language, and charts.

mod chart;
mod lang;

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use include_dir::{Dir, include_dir};
use minijinja::value::{Kwargs, Serde};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::Serialize;

pub use chart::Chart;
pub use lang::Lang;

/// `page.html.jinja` is the frame of all others.
static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/page/templates");

/// What comes of a template.
pub struct Page {
    pub html: String,
    /// The charts in it, each by a name.
    pub charts: Vec<(String, String)>,
}

/// Renders a template. It says its words by `t('key', name=value)`, writes numbers by the filters `number`, `percent`,
/// `brl` and `day`, and draws by `chart({…})`, a [`Chart`].
pub fn render(template: &str, lang: Lang, context: &impl Serialize) -> Result<Page> {
    let charts = Arc::new(Mutex::new(Vec::new()));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for file in TEMPLATES.files() {
        let name = file.path().to_str().context("a template has a name")?;
        environment.add_template(name, file.contents_utf8().context("a template is a text")?)?;
    }
    environment.add_global("lang", lang.code());
    environment.add_function("t", move |key: &str, values: Kwargs| {
        let value = |name| Ok((name, values.get::<Value>(name)?.to_string()));
        let values = values.args().map(value).collect::<Result<Vec<_>, Error>>()?;
        lang.text(key, &values).map_err(wrong)
    });
    environment.add_filter("number", move |value: f64, digits: usize| lang.number(value, digits));
    environment.add_filter("percent", move |value: f64, digits: usize| lang.percent(value, digits));
    environment.add_filter("brl", move |value: f64, digits: usize| lang.brl(value, digits));
    environment.add_filter("day", move |date: &str| {
        let date = date.get(..10).unwrap_or(date);
        date.parse::<NaiveDate>().map(|date| lang.day(date)).map_err(wrong)
    });
    let drawn = Arc::clone(&charts);
    environment.add_function("draw", move |Serde(mut chart): Serde<Chart>| {
        for series in chart.series.iter_mut().filter(|series| series.name.is_empty()) {
            series.name = lang.text(series.ink.key(), &[]).map_err(wrong)?;
        }
        let svg = chart.svg(lang);
        let names = chart.series.iter().map(|series| series.name.clone());
        let head: Vec<String> = std::iter::once(chart.x.label.clone()).chain(names).collect();
        let rows = chart.rows(lang);
        let figure = minijinja::context! {
            svg => Value::from_safe_string(svg.clone()), title => chart.title, head, rows
        };
        if let Ok(mut drawn) = drawn.lock() {
            drawn.push((chart.name, svg));
        }
        Ok::<Value, Error>(figure)
    });
    let html = environment.get_template(template)?.render(Value::from(Serde(context)));
    let html = html.with_context(|| format!("the page `{template}` could not be made"))?;
    let charts = charts.lock().map(|charts| charts.clone()).unwrap_or_default();
    Ok(Page { html, charts })
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidOperation, error.to_string())
}
