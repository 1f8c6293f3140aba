//! Charts of a page, as SVG that stands for itself: colours are the page's where it has some. The one module that talks
//! to kuva.

use std::fmt::Write;
use std::sync::Arc;

use kuva::plot::{BarPlot, LegendPosition, LinePlot, LineStyle, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::theme::Theme;
use kuva::render_to_svg;
use serde::Deserialize;

use super::Lang;

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 300.0;
/// Between series at one label, so that intervals do not hide each other.
const APART: f64 = 0.06;

/// What a template asks for.
#[derive(Debug, Deserialize)]
pub struct Chart {
    /// Of its file.
    pub name: String,
    pub title: String,
    /// What is to be seen, for those who cannot see it.
    pub summary: String,
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
}

#[derive(Debug, Deserialize)]
pub struct Axis {
    pub label: String,
    #[serde(default)]
    unit: Unit,
    #[serde(default)]
    digits: usize,
    min: Option<f64>,
    max: Option<f64>,
    /// What stands at 0, 1, 2 …
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    #[default]
    Number,
    Share,
    Brl,
}

#[derive(Debug, Deserialize)]
pub struct Series {
    /// For the legend; else the word for its ink.
    #[serde(default)]
    pub name: String,
    pub ink: Ink,
    #[serde(default)]
    shape: Shape,
    pub points: Vec<Point>,
}

/// A point, and the ends of its interval.
#[derive(Debug, Deserialize)]
pub struct Point {
    pub x: f64,
    pub y: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// Told apart by more than their colour: on paper, and by those who see colours otherwise.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ink {
    Model,
    Rule,
    Realised,
    RealisedRule,
    Inputs,
    Scores,
    Guide,
    Other,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    #[default]
    Line,
    /// A line with points, and their intervals.
    Points,
    Bars,
}

impl Ink {
    /// The word for it; the page's colour, or that of a file by itself; how wide and with which dashes it is drawn.
    fn look(self) -> (&'static str, &'static str, f64, LineStyle) {
        let (model, realised) = ("var(--model, #0b5fa5)", "var(--realised, #b4450f)");
        match self {
            Self::Model => ("model", model, 2.5, LineStyle::Solid),
            Self::Rule => ("rule", "var(--rule, #6b7280)", 2.0, LineStyle::Dashed),
            Self::Realised => ("realised", realised, 2.0, LineStyle::DashDot),
            Self::RealisedRule => ("realised_rule", "var(--realised-rule, #857617)", 1.5, LineStyle::Dotted),
            Self::Inputs => ("inputs", model, 2.5, LineStyle::Solid),
            Self::Scores => ("scores", realised, 2.0, LineStyle::DashDot),
            Self::Guide => ("by_chance", "var(--guide, #9aa3af)", 1.5, LineStyle::Dotted),
            Self::Other => ("other", "var(--other, #6d28a8)", 2.5, LineStyle::Solid),
        }
    }

    /// The key of the word for it.
    pub fn key(self) -> &'static str {
        self.look().0
    }
}

impl Axis {
    /// A value as it is written at this axis.
    pub fn text(&self, lang: Lang, value: f64) -> String {
        self.written(lang, value, self.digits)
    }

    /// A tick, with as many digits as it needs: `0.825` is not `0.82`.
    fn tick(&self, lang: Lang, value: f64) -> String {
        let shown = if matches!(self.unit, Unit::Share) { 100.0 * value } else { value };
        let is_whole = |digits: &usize| {
            let scaled = shown * [1.0, 10.0, 100.0, 1000.0][*digits];
            (scaled - scaled.round()).abs() < 1e-6
        };
        self.written(lang, value, (0..3).find(is_whole).unwrap_or(3))
    }

    fn written(&self, lang: Lang, value: f64, digits: usize) -> String {
        if !self.labels.is_empty() {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
            let at = (value >= 0.0 && value.fract().abs() < 1e-9).then_some(value.round() as usize);
            return at.and_then(|at| self.labels.get(at)).cloned().unwrap_or_default();
        }
        match self.unit {
            Unit::Number => lang.number(value, digits),
            Unit::Share => lang.percent(value, digits),
            Unit::Brl => lang.brl(value, digits),
        }
    }
}

impl Chart {
    /// The picture.
    pub fn svg(&self, lang: Lang) -> String {
        let apart = if self.x.labels.is_empty() { 0.0 } else { APART };
        let middle = (self.series.len() as f64 - 1.0) / 2.0;
        let plots = self.series.iter().enumerate().flat_map(|(at, series)| {
            let legend = (self.series.len() > 1).then_some(series.name.as_str());
            series.plots(&self.x, lang, legend, apart * (at as f64 - middle))
        });
        let plots: Vec<Plot> = plots.collect();
        let layout = self.layout(&plots, lang);
        let svg = render_to_svg(plots, layout);
        // As wide as there is room, with a name; and ids that are the only ones of the page.
        let (name, title, summary) = (&self.name, escaped(&self.title), escaped(&self.summary));
        let size = format!(r#"width="{WIDTH}" height="{HEIGHT}""#);
        let open = format!(
            r#"viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{name}-title {name}-desc""#
        );
        let names =
            format!(r#"<title id="{name}-title">{title}</title><desc id="{name}-desc">{summary}</desc>"#);
        let svg = svg.replacen(&size, &open, 1).replacen("><!--", &format!(">{names}<!--"), 1);
        renumbered(&svg, &self.name)
    }

    fn layout(&self, plots: &[Plot], lang: Lang) -> Layout {
        let ink = |name: &str, own: &str| format!("var(--{name}, {own})");
        let theme = Theme {
            background: "none".into(),
            axis_color: ink("axis", "#6b7280"),
            grid_color: ink("grid", "#e5e7eb"),
            tick_color: ink("axis", "#6b7280"),
            text_color: ink("text", "#1f2937"),
            legend_bg: "none".into(),
            legend_border: "none".into(),
            font_family: Some("system-ui, sans-serif".into()),
            ..Theme::light()
        };
        let ticks = |axis: &Axis| {
            let axis = Axis { label: String::new(), labels: axis.labels.clone(), ..*axis };
            TickFormat::Custom(Arc::new(move |value| axis.tick(lang, value)))
        };
        let mut layout = Layout::auto_from_plots(plots)
            .with_width(WIDTH)
            .with_height(HEIGHT)
            .with_theme(theme)
            .with_x_label(&self.x.label)
            .with_y_label(&self.y.label)
            .with_label_size(13)
            .with_y_label_offset(-6.0, 0.0)
            .with_y_tick_format(ticks(&self.y))
            .with_legend_position(LegendPosition::OutsideBottomColumns);
        let is_bars = self.series.iter().any(|series| series.shape == Shape::Bars);
        if !self.x.labels.is_empty() && !is_bars {
            let last = self.x.labels.len() as f64 - 1.0;
            layout = layout.with_x_tick_step((last / 3.0).ceil().max(1.0));
            layout = layout.with_x_axis_min(-0.4).with_x_axis_max(last + 0.4);
        }
        if !is_bars {
            layout = layout.with_x_tick_format(ticks(&self.x));
        }
        let bounds: [(Option<f64>, Set); 4] = [
            (self.x.min, Layout::with_x_axis_min),
            (self.x.max, Layout::with_x_axis_max),
            (self.y.min, Layout::with_y_axis_min),
            (self.y.max, Layout::with_y_axis_max),
        ];
        let given = bounds.into_iter().filter_map(|(bound, set)| Some((bound?, set)));
        given.fold(layout, |layout, (bound, set)| set(layout, bound))
    }

    /// The same in numbers: a row an x, a cell a series. Of many, some.
    pub fn rows(&self, lang: Lang) -> Vec<Vec<String>> {
        let mut xs: Vec<f64> =
            self.series.iter().flat_map(|series| series.points.iter().map(|point| point.x)).collect();
        xs.sort_unstable_by(f64::total_cmp);
        xs.dedup();
        let step = xs.len().div_ceil(MOST_ROWS);
        let cell = |series: &Series, x: f64| {
            let point = series.points.iter().find(|point| point.x.total_cmp(&x).is_eq());
            let Some((point, y)) = point.and_then(|point| Some((point, point.y?))) else {
                return String::new();
            };
            let y = self.y.text(lang, y);
            match point.low.zip(point.high) {
                Some((low, high)) => {
                    format!("{y} ({} – {})", self.y.text(lang, low), self.y.text(lang, high))
                }
                None => y,
            }
        };
        let row = |&x: &f64| {
            let cells = self.series.iter().map(|series| cell(series, x));
            std::iter::once(self.x.text(lang, x)).chain(cells).collect()
        };
        xs.iter().step_by(step.max(1)).map(row).collect()
    }
}

/// Sets an end of an axis.
type Set = fn(Layout, f64) -> Layout;

/// Rows that a table of numbers has at most.
const MOST_ROWS: usize = 25;

impl Series {
    fn plots(&self, x: &Axis, lang: Lang, legend: Option<&str>, beside: f64) -> Vec<Plot> {
        let known: Vec<(f64, f64)> =
            self.points.iter().filter_map(|point| Some((point.x + beside, point.y?))).collect();
        let (_, colour, width, dashes) = self.ink.look();
        if self.shape == Shape::Bars {
            let bars = known.iter().map(|(at, y)| (x.text(lang, *at), *y));
            return vec![BarPlot::new().with_bars(bars).with_color(colour).into()];
        }
        let line = LinePlot::new().with_data(known.clone()).with_color(colour);
        let line = line.with_stroke_width(width).with_line_style(dashes);
        let line = match legend {
            Some(name) => line.with_legend(name),
            None => line,
        };
        if self.shape == Shape::Line {
            return vec![line.into()];
        }
        let error = |point: &Point| {
            let y = point.y?;
            Some((y - point.low.unwrap_or(y), point.high.unwrap_or(y) - y))
        };
        let errors: Vec<(f64, f64)> = self.points.iter().filter_map(error).collect();
        let points = ScatterPlot::new().with_data(known).with_color(colour).with_size(4.0);
        if self.points.iter().all(|point| point.low.is_none()) {
            return vec![line.into(), points.into()];
        }
        vec![line.into(), points.with_y_err_asymmetric(errors).into()]
    }
}

/// A text between tags, or in an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// kuva numbers its ids through the whole process: in a chart they begin anew, so that it is the same whatever was drawn
/// before, and have the chart's name.
fn renumbered(svg: &str, name: &str) -> String {
    let mut seen = Vec::new();
    let mut parts = svg.split("kuva-clip-");
    let mut renumbered = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len()));
        let at = seen.iter().position(|other| *other == number).unwrap_or(seen.len());
        if at == seen.len() {
            seen.push(number);
        }
        let _ = write!(renumbered, "{name}-clip-{at}{rest}");
    }
    renumbered
}
