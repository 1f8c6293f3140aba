//! Words, numbers and charts of pages.

use chrono::NaiveDate;
use olist::page::{self, Chart, Lang};
use serde_json::json;

#[test]
fn numbers_are_written_as_they_are_in_the_language() {
    let both =
        |value: f64, digits: usize| [Lang::English, Lang::Portuguese].map(|lang| lang.number(value, digits));
    assert_eq!(both(1_234_567.891, 2), ["1,234,567.89", "1.234.567,89"]);
    assert_eq!(both(999.95, 1), ["1,000.0", "1.000,0"]);
    assert_eq!(both(123.0, 0), ["123", "123"]);
    assert_eq!(both(-0.05, 1), ["\u{2212}0.1", "\u{2212}0,1"]);
    // What is shown as 0 has no sign.
    assert_eq!(both(-0.004, 2), ["0.00", "0,00"]);
    assert_eq!(Lang::Portuguese.brl(-1234.5, 2), "R$\u{a0}\u{2212}1.234,50");
    assert_eq!(Lang::Portuguese.percent(0.1234, 1), "12,3%");
    let day = NaiveDate::from_ymd_opt(2018, 6, 1).unwrap();
    assert_eq!([Lang::English.day(day), Lang::Portuguese.day(day)], ["2018-06-01", "01/06/2018"]);
}

#[test]
fn a_word_lacks_no_value_and_leaves_none_out() {
    let day = [("date", "01/06/2018".to_owned())];
    assert_eq!(Lang::Portuguese.text("segments", &day).unwrap(), "Segmentos em 01/06/2018");
    let said = |key, values: &[(&str, String)]| Lang::English.text(key, values).unwrap_err().to_string();
    assert_eq!(said("segments", &[]), "`segments` lacks `date`");
    assert_eq!(said("moves_say", &day), "`moves_say` does not say `date`");
    assert_eq!(said("nothing", &[]), "there is no text `nothing`");
}

#[test]
fn a_chart_has_its_numbers_and_ticks_that_are_true() {
    let chart: Chart = serde_json::from_value(json!({
        "name": "c", "title": "a < b", "summary": "x",
        "x": {"label": "day", "labels": ["01/05/2018", "01/06/2018"]},
        "y": {"label": "AUC", "digits": 3},
        "series": [
            {"name": "m", "ink": "model", "shape": "points",
             "points": [{"x": 0, "y": 0.81, "low": 0.8, "high": 0.825}, {"x": 1, "y": 0.91}]},
            {"name": "r", "ink": "rule", "shape": "points", "points": [{"x": 1, "y": null}]},
        ],
    }))
    .unwrap();
    let rows = [["01/05/2018", "0,810 (0,800 – 0,825)", ""], ["01/06/2018", "0,910", ""]];
    assert_eq!(chart.rows(Lang::Portuguese), rows);
    let svg = chart.svg(Lang::Portuguese);
    assert!(
        svg.contains("<title id=\"c-title\">a &lt; b</title>") && svg.contains("viewBox=\"0 0 "),
        "{svg}"
    );
    assert!(svg.contains("url(#c-clip-0)") && !svg.contains("kuva-clip"), "{svg}");
    // Ticks are as far from each other as they say: none is 0,82 at 0,825.
    let ticks = svg
        .split("text-anchor=\"end\">")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().replace(',', "."));
    let ticks: Vec<f64> = ticks.map(|tick| tick.parse().unwrap()).collect();
    assert!(
        ticks.len() > 3 && ticks.windows(3).all(|t| (t[1] - t[0] - (t[2] - t[1])).abs() < 1e-9),
        "{ticks:?}"
    );
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
}

#[test]
fn a_page_that_lacks_something_is_no_page() {
    let error =
        page::render("model.html.jinja", Lang::English, &json!({"model": "m"})).map(|_| ()).unwrap_err();
    assert!(format!("{error:#}").contains("undefined value"), "{error:#}");
}
