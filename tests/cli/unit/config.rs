//! Configs: what an analyst reads after a slip in one, and what stands in them when nothing is said.

use std::fmt::Write as _;

use olist::config::{ModelSpec, TableSpec};
use olist::learn::{Algorithm, BoostingSettings, ForestSettings};
use olist::problem::Problem;
use olist::project::Project;
use olist::sql::Expression;
use olist::template::{Kind, Templates, Vars};

fn model(candidates: &str) -> Result<ModelSpec, Problem> {
    let task = if candidates.contains("k_mean") { "clusters" } else { "binary" };
    let mut text = format!("{{{{ config(task = '{task}', key = 'id', description = 'x',\n");
    let rest = if task == "binary" { "label = 'y', metric = 'roc_auc'," } else { "" };
    let _ = writeln!(
        text,
        "snapshots = {{'from': '2017-01-01'}}, {rest}\ncandidates = {{{candidates}}},\n) }}}}"
    );
    text.push_str("select 1 as id\n");
    let templates = Templates::new(&Project::of([("models/m.sql", text.as_str())]), Vars::new()).unwrap();
    let rendered = templates.render("models/m.sql", Kind::Model, None, None).unwrap();
    ModelSpec::read(&rendered, &text).map_err(|error| error.downcast().unwrap())
}

fn algorithm(settings: &str) -> Result<Algorithm, String> {
    let spec = model(&format!("'c': {settings}")).map_err(|problem| {
        assert_eq!(problem.place.as_ref().unwrap().line, 3);
        format!("{}; {}", problem.message, problem.hint.unwrap_or_default())
    })?;
    Ok(spec.candidates[0].algorithm.clone())
}

#[test]
fn what_is_left_out_has_its_default() {
    let forest =
        algorithm("{'algorithm': 'extra_trees', 'trees': 50, 'max_depth': 9, 'features_per_split': none}");
    let expected = ForestSettings { trees: 50, max_depth: Some(9), ..ForestSettings::default() };
    assert_eq!(forest, Ok(Algorithm::ExtraTrees(expected)));
    let boosting = algorithm("{'algorithm': 'gradient_boosting', 'learning_rate': 1}");
    let expected = BoostingSettings { learning_rate: 1.0, ..BoostingSettings::default() };
    assert_eq!(boosting, Ok(Algorithm::GradientBoosting(expected)));
    let rule = algorithm("{'algorithm': 'sql', 'expression': '0.5'}");
    assert_eq!(rule, Ok(Algorithm::Sql { expression: Expression::of("0.5").unwrap() }));
}

#[test]
fn slips_in_candidates_name_the_setting_and_what_it_has_to_be() {
    for (given, message, hint) in [
        (
            "{'algorithm': 'random_forrest'}",
            "`random_forrest` is not an algorithm",
            "did you mean `random_forest`?",
        ),
        (
            "{'algorithm': 'xyz'}",
            "`xyz` is not an algorithm",
            "there are: logistic_regression, random_forest",
        ),
        ("{'algorithm': 'k_mean'}", "`k_mean` is not an algorithm", "did you mean `k_means`?"),
        ("{'trees': 5}", "config key `algorithm` is missing in `candidates.c`", ""),
        (
            "{'algorithm': 'random_forest', 'tree': 5}",
            "`candidates.c.tree`: this key is not known",
            "`trees`?",
        ),
        (
            "{'algorithm': 'logistic_regression', 'trees': 5}",
            "`candidates.c.trees`: this key",
            "there are: alpha",
        ),
        (
            "{'algorithm': 'random_forest', 'trees': '5'}",
            "a whole number from 1 to 5000, found the text '5'",
            "",
        ),
        (
            "{'algorithm': 'random_forest', 'trees': 0}",
            "a whole number from 1 to 5000, found the number 0",
            "",
        ),
        (
            "{'algorithm': 'gradient_boosting', 'subsample': 1.5}",
            "a number from 0.01 to 1, found the number 1.5",
            "",
        ),
        (
            "{'algorithm': 'gradient_boosting', 'max_depth': 2.5}",
            "number from 1 to 12, found the number 2.5",
            "",
        ),
        (
            "{'algorithm': 'logistic_regression', 'alpha': -1}",
            "from 0 to 1000000000, found the number -1",
            "",
        ),
        ("{'algorithm': 'sql'}", "config key `expression` is missing in `candidates.c`", ""),
        ("{'algorithm': 'blend', 'of': ['a', 'a']}", "`a` is not a learned candidate", ""),
        ("5", "`candidates.c`: expected {...}, found the number 5", ""),
    ] {
        let found = algorithm(given).unwrap_err();
        assert!(found.contains(message) && found.contains(hint), "{given}: {found}");
    }
}

#[test]
fn a_blend_has_two_learned_members() {
    let with = |blend: &str| {
        let logistic =
            "'a': {'algorithm': 'logistic_regression'}, 'r': {'algorithm': 'sql', 'expression': '1'}";
        model(&format!("{logistic}, 'b': {{'algorithm': 'blend', 'of': [{blend}]}}"))
            .map_err(|problem| problem.message)
    };
    assert!(with("'a'").unwrap_err().contains("at least two"));
    assert!(with("'a', 'a'").unwrap_err().contains("given twice"));
    assert!(with("'a', 'r'").unwrap_err().contains("not a learned candidate"));
}

#[test]
fn an_algorithm_survives_json() {
    for given in ["{'algorithm': 'random_forest'}", "{'algorithm': 'sql', 'expression': '1'}"] {
        let algorithm = algorithm(given).unwrap();
        let again: Algorithm = serde_json::from_value(serde_json::to_value(&algorithm).unwrap()).unwrap();
        assert_eq!(again, algorithm);
    }
}

fn table(config: &str) -> Result<TableSpec, String> {
    let text = format!("{{{{ config(\n{config}\n) }}}}\nselect 1 as id\n");
    let project = Project::of([("features/f.sql", text.as_str())]);
    let templates = Templates::new(&project, Vars::new()).unwrap();
    let rendered = templates.render("features/f.sql", Kind::Feature, None, None).unwrap();
    TableSpec::read(&rendered, &text, Kind::Feature).map_err(|error| error.to_string())
}

#[test]
fn keys_are_shown_at_their_own_line_and_column() {
    let rest = "entity = 'x', description = 'x'";
    for (config, message, place) in [
        (format!("{rest},\nkey = 3"), "expected a list of texts, found the number 3", ":3:1"),
        (format!("{rest},\nkey = ['a',\n  3]"), "config `key`: expected a text in quotes", ":4:3"),
        (format!("{rest},\n  key = none"), "config `key`: it is empty", ":3:3"),
        (format!("{rest},\n  kee = 'x'"), "did you mean `key`?", ":3:3"),
        (rest.to_owned(), "config key `key` is missing", ":1:4"),
        (
            format!("{rest}, key = 'x',\nchecks = [7]"),
            "expected a text in quotes or {...}, found the number 7",
            ":3:11",
        ),
        (
            format!("{rest}, key = 'x', checks = [\n{{'expression': 'a', 'sev': 1}}]"),
            "`checks.0.sev`",
            ":3:21",
        ),
        (format!("{rest}, key = 'x',\nrow_count = 'wran'"), "did you mean `warn`?", ":3:1"),
        (format!("{rest}, key = 'x',\nlabel = 'y'"), "only an ABT has a label", ":3:1"),
    ] {
        let found = table(&config).unwrap_err();
        assert!(found.contains(message) && found.contains(&format!("f.sql{place}")), "{config}\n{found}");
    }
    let checks = table(&format!("{rest}, key = 'x', checks = ['a', {{'expression': 'b'}}]")).unwrap().checks;
    assert_eq!([checks[0].path.as_str(), &checks[1].path], ["checks.0", "checks.1.expression"]);
}

#[test]
fn a_star_stands_for_any_text() {
    use olist::config::matches_family;
    assert!(matches_family("order_share_*", "order_share_ac"));
    assert!(matches_family("*_order_count", "boleto_order_count"));
    assert!(!matches_family("order_share_*", "order_count"));
    assert!(!matches_family("a*a", "a"));
}
