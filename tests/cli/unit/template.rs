//! Rendering: what the SQL is, and where a mistake in a file or in its SQL is shown.

use chrono::NaiveDate;
use olist::problem::Problem;
use olist::project::Project;
use olist::template::{Kind, Rendered, Templates, Vars};

const FILE: &str = "features/x.sql";
const CONFIG: &str = "{{ config(key = 'x') }}\n";
const RATIO: (&str, &str) =
    ("queries/macros/ratio.sql", "{% macro ratio(a, b) -%}\n{{ a }} / {{ b }}\n{%- endmacro %}\n");
const HALF: (&str, &str) =
    ("queries/macros/half.sql", "{% macro half(x) -%}\n{{ ratio(x, '2') }}\n{%- endmacro %}\n");

fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2018, 3, 1).unwrap()
}

fn templates(body: &str, vars: &[(&str, &str)]) -> anyhow::Result<Templates> {
    let source = format!("{CONFIG}{body}");
    let part = ("queries/parts/keep.sql", "where a -- all\n");
    let project = Project::of([(FILE, source.as_str()), RATIO, HALF, part]);
    let vars: Vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Templates::new(&project, vars)
}

fn render_with(body: &str, vars: &[(&str, &str)]) -> anyhow::Result<(Templates, Rendered)> {
    let templates = templates(body, vars)?;
    let rendered = templates.render(FILE, Kind::Feature, Some(day()), None)?;
    Ok((templates, rendered))
}

fn sql(body: &str) -> String {
    render_with(body, &[]).unwrap().1.sql.trim_start().to_owned()
}

/// Message, line within the body, and column of what is wrong.
fn mistake(body: &str) -> (String, usize, usize) {
    let problem: Problem = render_with(body, &[]).err().unwrap().downcast().unwrap();
    let place = problem.place.unwrap();
    (problem.message, place.line - 1, place.column)
}

#[test]
fn macros_of_other_files_are_there() {
    assert_eq!(sql("select {{ half('x') }}"), "select x / 2");
    assert_eq!(sql("select {{ ratio(\n    'x',\n    'y',\n) }} as r"), "select x / y as r");
    assert_eq!(sql("{% macro half(ratio) %}{{ ratio }}{% endmacro %}select {{ half('h') }}"), "select h");
}

#[test]
fn an_included_file_ends_before_what_follows() {
    let include = "{% include 'queries/parts/keep.sql' %}";
    assert_eq!(sql(&format!("select 1\n{include}\nand b")), "select 1\nwhere a -- all\nand b");
    assert_eq!(sql(&format!("select 1\n{include} and b")), "select 1\nwhere a -- all\n and b");
}

#[test]
fn a_text_may_span_lines_in_a_tag() {
    assert_eq!(sql("select {{ 'a\nb' ~\n 'c' }}"), "select a\nbc");
}

#[test]
fn a_comment_ends_with_its_line() {
    let filter =
        |tag: &str| format!("where a -- note\n{tag} true %}}\n  and b\n{{%- endif %}}\n\ngroup by c");
    for tag in ["{% if", "{%- if"] {
        let lines: Vec<String> = sql(&filter(tag)).lines().map(|line| line.trim().to_owned()).collect();
        assert!(
            lines.contains(&"where a -- note".to_owned()) && lines.contains(&"and b".to_owned()),
            "{lines:?}"
        );
    }
    let lines = sql("where a {# -- #}\n{% if true %}-- note{% endif %}\nand b");
    assert!(lines.lines().any(|line| line == "and b"), "{lines}");
    assert_eq!(sql("select '--' {{- ' as x' }}"), "select '--' as x");
    assert_eq!(sql("select 1 -- of {{ reference_date }} on"), "select 1 -- of date '2018-03-01' on");
    let (message, line, column) =
        mistake("{% set f = 'a -- note' %}\nselect {{ f }},\n  1\nwhere {{ f }} and b");
    assert_eq!((message.as_str(), line, column), ("this would become part of a `--` comment", 2, 15));
    let (_, line, column) = mistake("select {% for n in [1, 2] %}{{ n }}, -- n{% endfor %}\n3");
    assert_eq!((line, column), (1, 32));
}

#[test]
fn a_var_has_the_type_of_its_default() {
    let with =
        |body: &str, value: &str| render_with(body, &[("v", value)]).map(|(_, r)| r.sql.trim().to_owned());
    for text in ["01", "1e3", "12345678901234567890", "1.50", "false"] {
        assert_eq!(with("select '{{ var('v', '0') }}'", text).unwrap(), format!("select '{text}'"));
        assert_eq!(with("select '{{ var('v') }}'", text).unwrap(), format!("select '{text}'"));
    }
    assert_eq!(with("select {{ 1 if var('v', true) else 2 }}", "false").unwrap(), "select 2");
    assert_eq!(with("select {{ var('v', 1) + 1 }}", "02").unwrap(), "select 3");
    assert_eq!(with("select {{ var('v', 0.5) * 2 }}", "1").unwrap(), "select 2.0");
    assert_eq!(with("select {{ var('v', ['a']) | length }}", "[\"x\", \"y\"]").unwrap(), "select 2");
    for (body, says) in [
        ("select {{ var('v', true) }}", "true or false"),
        ("select {{ var('v', 1) }}", "a whole number"),
        ("select {{ var('v', 1.0) }}", "a number"),
    ] {
        let problem = with(body, "maybe").unwrap_err().to_string();
        assert!(problem.contains(says) && problem.contains("x.sql:2:11"), "{problem}");
        assert!(!problem.contains("maybe"), "{problem}");
    }
}

#[test]
fn what_is_not_closed_is_shown_where_it_opens() {
    let at = |body: &str| {
        let (message, line, column) = mistake(body);
        (message.split(':').next().unwrap().to_owned(), line, column)
    };
    assert_eq!(at("{% for x in y %}\n{% if x %}{% endfor %}").0, "this `if` is never closed with `endif`");
    assert_eq!(at("select\n{{ x "), ("this tag is never closed with `}}`".to_owned(), 2, 1));
    assert_eq!(at("{% endif %}"), ("this `endif` closes nothing".to_owned(), 1, 1));
    assert_eq!(at("{% set x = 1 %}{% set y %}{% endset %}\n{% if x %}").1, 2);
    assert_eq!(at("x {# y"), ("this comment is never closed with `#}`".to_owned(), 1, 3));
    assert_eq!(at("{{ x }\nselect {{ y }}"), ("a tag ends with `}}`".to_owned(), 1, 6));
    assert_eq!(at("x {% raw %} y"), ("this `raw` is never closed with `endraw`".to_owned(), 1, 3));
    assert!(at("{% if x %}{% elseif y %}{% endif %}").0.ends_with("`elif`?"));
    assert!(at("{% for x in y %}{% end for %}").0.ends_with("`endfor`?"));
}

#[test]
fn the_line_of_an_odd_quote_is_found() {
    let tag = |line: &str| format!("{{{{ f(\n    key = 'a',\n{line}\n    b = 'c',\n) }}}}\nselect 'x'\n");
    for line in ["x = 'the a's', ", "x = 'a,", "x = a',", "x = {a': 'b'},", "x = {'a: 'b'},"] {
        assert_eq!(mistake(&tag(line)).1, 3, "{line}");
    }
    assert_eq!(
        mistake(&tag("    x = {'a': [1, 2],")),
        ("this `{` is never closed with `}`".to_owned(), 3, 9)
    );
}

#[test]
fn a_mistake_within_an_argument_is_shown_in_its_own_line() {
    let (templates, rendered) =
        render_with("select {{ ratio(\n    'sum(a)',\n    'count(a) + 1',\n) }} as x", &[]).unwrap();
    let at = |what: &str| {
        let place = templates.locate(&rendered, rendered.sql.find(what).unwrap()).place;
        (place.line, place.column)
    };
    assert_eq!(at("a) + 1"), (4, 12));
    assert_eq!(at("+ 1"), (4, 15));
    assert_eq!(at("a) /"), (3, 10));
    let message = mistake("{% macro call(f) %}{{ f(1) }}{% endmacro %}\nselect {{ call() }}").0;
    assert_eq!(message, "`f` is undefined: nothing is there to call");
}
