//! Versions outside of the tool: as a model of MLflow in Python, and as one SELECT in DuckDB.

use super::mlflow::SCORES;
use super::python;
use super::server::{self, NEW};
use super::support::Place;
use super::train;

/// One model for each algorithm, all over the same ABT.
const CHAMPIONS: [(&str, &str); 8] = [
    ("words", "'algorithm': 'sql', 'expression': \"if(seller_id like '%a', 0.3, q.orders_90d / 1000)\""),
    ("rule", "'algorithm': 'sql', 'expression': 'exp(-orders_90d / 90.0 * greatest(45 - recency_days, 0))'"),
    ("logistic", "'algorithm': 'logistic_regression'"),
    ("tree", "'algorithm': 'random_forest', 'trees': 1, 'max_depth': 4"),
    ("forest", "'algorithm': 'random_forest', 'trees': 60"),
    ("extra", "'algorithm': 'extra_trees', 'trees': 40"),
    ("boosting", "'algorithm': 'gradient_boosting', 'trees': 20"),
    ("blend", "'algorithm': 'blend', 'of': ['logistic', 'boosting']"),
];

/// Each algorithm as the champion of a model of its own.
fn with_champions() -> Place {
    let place = Place::with_sample();
    std::fs::remove_file(place.path("models/seller_churn.sql")).unwrap();
    for (name, _) in CHAMPIONS {
        // A blend needs its members beside it.
        let is_wanted =
            |other: &str| other == name || name == "blend" && matches!(other, "logistic" | "boosting");
        let all: Vec<String> = CHAMPIONS
            .into_iter()
            .filter(|(other, _)| is_wanted(other))
            .map(|(other, candidate)| format!("'{other}': {{{candidate}}},"))
            .collect();
        let all = all.join("\n        ");
        place.write(&format!("models/{name}.sql"), train::model(&all));
    }
    place.once(&["run", "--date", "2018-06-01"]).code(0);
    for (name, _) in CHAMPIONS {
        assert_eq!(
            place.cell(&format!("select candidate from registry.models where model = '{name}'")),
            name
        );
    }
    place
}

const LARGEST: &str = "
select count(*) = (select count(*) from scores.{name}) and count(*) > 50 and max(abs(given.score - s.score)) < 1e-9
from ({sql}) as given inner join scores.{name} as s using (reference_date, seller_id)";

#[test]
#[ignore = "eight trainings"]
fn a_select_scores_as_the_tool_does() {
    let place = with_champions();
    for (name, _) in CHAMPIONS {
        let sql = place.olist(&["models", "export", name, "--format", "sql"]).code(0).stdout;
        let compared = LARGEST.replace("{name}", name).replace("{sql}", &sql);
        assert_eq!(place.cell(&compared), "true", "{name}");
    }
    // To a file, of a date that was scored by an earlier version.
    place
        .olist(&["models", "export", "tree", "--format", "sql", "--out", "tree.sql"])
        .code(0)
        .says(&["tree.sql"]);
    assert!(place.read("tree.sql").starts_with("-- scores of `tree` at 2018-06-01"));
}

#[test]
#[ignore = "a Python with MLflow"]
fn python_scores_as_the_tool_does() {
    let Some(python) = server::python(NEW) else { return };
    let place = with_champions();
    for (name, _) in CHAMPIONS {
        place
            .olist(&["models", "export", name, "--out", &format!("out/{name}")])
            .code(0)
            .says(&["load_model"]);
        let inputs =
            place.olist(&["render", &format!("models/{name}.sql"), "--date", "2018-06-01"]).code(0).stdout;
        let scores = format!("select * from scores.{name}");
        let arguments = ["file:unused", &format!("out/{name}"), &inputs, &scores, "seller_id"];
        let largest: f64 =
            python::prints(&python, &place.path(""), SCORES, &arguments).trim().parse().unwrap();
        assert!(largest < 1e-12, "{name}: {largest}");
    }
}

#[test]
fn bad_wishes_are_told() {
    let place = train::with_candidates(
        "'rule': {'algorithm': 'sql', 'expression': \"case when seller_id like '%a' then 0.3 else 0.6 end\"},",
    );
    let export = |more: &[&str]| {
        let arguments: Vec<&str> = ["models", "export", "seller_churn"].iter().chain(more).copied().collect();
        place.olist(&arguments)
    };
    export(&[]).code(1).says(&["`seller_churn` has no champion yet", "olist train seller_churn"]);
    place.olist(&["run", "--date", "2018-06-01"]).code(0);
    export(&["--format", "onnx", "--out", "folder"]).code(2).says(&[
        "models/seller_churn.sql:",
        "is the rule `rule`, which has no ONNX form",
        "--format sql",
    ]);
    assert!(!place.path("folder").exists());
    export(&["--version", "9"]).code(2).says(&["`seller_churn` has no version 9"]);
    // A folder of something else is left alone.
    place.write("mine/notes.txt", "mine");
    export(&["--version", "1", "--out", "mine"]).code(2).says(&["`mine` is there, and no model of MLflow"]);
    assert_eq!(place.read("mine/notes.txt"), "mine");
}
