//! What an analyst reads after a slip in `candidates`.

use super::{Algorithm, SettingError};
use crate::learn::algorithm::{BoostingSettings, ForestSettings};
use serde_json::{Value, json};

fn parse(value: &Value) -> Result<Algorithm, String> {
    let empty = serde_json::Map::new();
    let groups = value["algorithm"] == "k_means" || value["algorithm"] == "k_mean";
    Algorithm::parse(value.as_object().unwrap_or(&empty), groups)
        .map_err(|error: SettingError| error.to_string())
}

#[test]
fn what_is_left_out_has_its_default() {
    let forest =
        parse(&json!({"algorithm": "extra_trees", "trees": 50, "max_depth": 9, "features_per_split": null}));
    let expected = ForestSettings { trees: 50, max_depth: Some(9), ..ForestSettings::default() };
    assert_eq!(forest, Ok(Algorithm::ExtraTrees(expected)));
    let boosting = parse(&json!({"algorithm": "gradient_boosting", "learning_rate": 1}));
    let expected = BoostingSettings { learning_rate: 1.0, ..BoostingSettings::default() };
    assert_eq!(boosting, Ok(Algorithm::GradientBoosting(expected)));
    let rule = parse(&json!({"algorithm": "sql", "expression": "0.5"}));
    assert_eq!(rule, Ok(Algorithm::Sql { expression: "0.5".into() }));
}

#[test]
fn errors_name_the_setting_and_what_it_has_to_be() {
    let cases = [
        (
            json!({"algorithm": "random_forrest"}),
            "unknown algorithm `random_forrest`; did you mean `random_forest`?",
        ),
        (
            json!({"algorithm": "xyz"}),
            "unknown algorithm `xyz`; there are `logistic_regression`, `random_forest`, \
          `extra_trees`, `gradient_boosting`, `sql`, `blend`",
        ),
        (json!({"algorithm": "k_mean"}), "unknown algorithm `k_mean`; did you mean `k_means`?"),
        (json!({"trees": 5}), "a candidate needs `algorithm`: a text"),
        (
            json!({"alorithm": "sql"}),
            "a candidate needs `algorithm`: a text; there is `alorithm`: did you mean `algorithm`?",
        ),
        (json!({"algorithm": 5}), "`algorithm` of a candidate must be a text, not 5"),
        (
            json!({"algorithm": "random_forest", "tree": 5}),
            "unknown setting `tree` of `random_forest`; did you mean `trees`?",
        ),
        (
            json!({"algorithm": "logistic_regression", "trees": 5}),
            "unknown setting `trees` of `logistic_regression`; there are `alpha`",
        ),
        (
            json!({"algorithm": "random_forest", "trees": "5"}),
            "`trees` of random_forest must be a whole number from 1 to 5000, not \"5\"",
        ),
        (
            json!({"algorithm": "random_forest", "trees": 0}),
            "`trees` of random_forest must be a whole number from 1 to 5000, not 0",
        ),
        (
            json!({"algorithm": "gradient_boosting", "subsample": 1.5}),
            "`subsample` of gradient_boosting must be a number from 0.01 to 1, not 1.5",
        ),
        (
            json!({"algorithm": "gradient_boosting", "max_depth": 2.5}),
            "`max_depth` of gradient_boosting must be a whole number from 1 to 12, not 2.5",
        ),
        (
            json!({"algorithm": "logistic_regression", "alpha": -1}),
            "`alpha` of logistic_regression must be a number from 0 to 1000000000, not -1",
        ),
        (json!({"algorithm": "sql"}), "sql needs `expression`: a text"),
        (
            json!({"algorithm": "blend", "of": ["a", "a"]}),
            "`of` of blend must be a list of at least two different candidates, not [\"a\",\"a\"]",
        ),
    ];
    for (given, expected) in cases {
        assert_eq!(parse(&given), Err(expected.to_owned()), "{given}");
    }
}

#[test]
fn an_algorithm_survives_json() -> Result<(), serde_json::Error> {
    for given in [json!({"algorithm": "random_forest"}), json!({"algorithm": "blend", "of": ["a", "b"]})] {
        let algorithm = parse(&given);
        let again: Algorithm = serde_json::from_value(serde_json::to_value(algorithm.as_ref().ok())?)?;
        assert_eq!(Ok(again), algorithm);
    }
    Ok(())
}
