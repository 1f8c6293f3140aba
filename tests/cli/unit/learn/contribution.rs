//! Why a score: contributions add up, are Shapley values by enumeration, and those of Python's `shap`.

use super::sample;
use crate::python;
use anyhow::Result;
use olist::learn::{
    Algorithm, BoostingSettings, Contributions, Fitted, ForestSettings, KMeansSettings, Learner,
    LogisticSettings, Matrix, Node, Scale, Trees, cluster, fit, log_odds,
};

/// Deep trees with small leaves, so that a list of some rows leaves many of them empty.
fn algorithms() -> [Algorithm; 4] {
    let forest = ForestSettings { trees: 25, min_samples_leaf: 2, ..ForestSettings::default() };
    [
        Algorithm::LogisticRegression(LogisticSettings::default()),
        Algorithm::RandomForest(forest.clone()),
        Algorithm::ExtraTrees(forest),
        Algorithm::GradientBoosting(BoostingSettings {
            trees: 25,
            max_depth: 5,
            min_samples_leaf: 5,
            ..BoostingSettings::default()
        }),
    ]
}

fn fitted(columns: usize) -> Result<Vec<Fitted>> {
    let (x, y) = sample::rows(600, columns, 1);
    algorithms().iter().map(|algorithm| fit(algorithm, &x, &y, 7)).collect()
}

/// The score as the model adds it up.
fn raw(scale: Scale, score: f64) -> f64 {
    if scale == Scale::Probability { score } else { (score / (1.0 - score)).ln() }
}

fn assert_near(left: f64, right: f64, what: &str) {
    assert!((left - right).abs() < 1e-9, "{what}: {left} and {right}");
}

#[test]
fn contributions_of_every_learner_add_up_to_its_score() -> Result<()> {
    let (x, _) = sample::rows(300, 8, 2);
    let mut models = fitted(8)?;
    models.push(Fitted::blend(models.clone())?);
    models.push(Fitted::blend(vec![models[0].clone(), models[3].clone()])?);
    for model in &models {
        let why = model.contributions(&x)?;
        for (row, score) in model.predict(&x)?.into_iter().enumerate() {
            assert_near(why.total(row), raw(why.scale, score), &format!("row {row} of {:?}", why.scale));
        }
        // Of few rows, of one and of none.
        let few = model.contributions(&x.select(&[7, 7, 290]))?;
        assert_eq!(few.row(0), few.row(1));
        assert!(model.contributions(&x.select(&[4]))?.values.iter().all(|value| value.abs() < 1e-9));
        assert!(model.contributions(&x.select(&[]))?.values.is_empty());
    }
    let exact: Vec<bool> =
        models.iter().map(|model| Ok(model.contributions(&x)?.is_exact)).collect::<Result<_>>()?;
    assert_eq!(exact, [true, true, true, true, false, true]);
    Ok(())
}

#[test]
fn the_base_is_the_mean_of_the_list() -> Result<()> {
    let (x, _) = sample::rows(300, 8, 2);
    for model in fitted(8)? {
        let why = model.contributions(&x)?;
        let raws: Vec<f64> = model.predict(&x)?.into_iter().map(|score| raw(why.scale, score)).collect();
        assert_near(why.base, raws.iter().sum::<f64>() / 300.0, "base");
    }
    Ok(())
}

/// What a blend bounds, a sure forest, still adds up.
#[test]
fn a_member_that_is_sure_adds_up_to_what_the_blend_takes_of_it() -> Result<()> {
    let (x, _) = sample::rows(400, 4, 3);
    let y: Vec<bool> = x.column(0).iter().map(|value| *value > 0.7).collect();
    let settings = ForestSettings { trees: 20, min_samples_leaf: 1, ..ForestSettings::default() };
    let forest = fit(&Algorithm::RandomForest(settings), &x, &y, 1)?;
    assert!(forest.predict(&x)?.contains(&0.0));
    let line = fit(&Algorithm::LogisticRegression(LogisticSettings { alpha: 1e-3 }), &x, &y, 1)?;
    let blend = Fitted::blend(vec![forest, line])?;
    let why = blend.contributions(&x)?;
    for (row, score) in blend.predict(&x)?.into_iter().enumerate() {
        assert_near(why.total(row), raw(why.scale, score), &format!("row {row}"));
    }
    Ok(())
}

/// A tree with the rows of a list counted at its nodes.
struct Counted<'a> {
    nodes: &'a [Node],
    counts: Vec<f64>,
}

fn counted<'a>(trees: &'a Trees, x: &Matrix) -> Vec<Counted<'a>> {
    let of = |nodes: &'a [Node]| {
        let mut counts = vec![0.0; nodes.len()];
        for row in 0..x.rows() {
            let mut at = 0;
            counts[0] += 1.0;
            while let Node::Question { column, threshold, right } = nodes[at] {
                at = if x.column(column.into())[row] <= threshold { at + 1 } else { right as usize };
                counts[at] += 1.0;
            }
        }
        Counted { nodes, counts }
    };
    trees.0.iter().map(|tree| of(tree.nodes())).collect()
}

impl Counted<'_> {
    /// The value of `row` where only the inputs of the set `known` are known.
    fn value(&self, at: usize, row: &[f64], known: usize) -> f64 {
        match self.nodes[at] {
            Node::Leaf(value) => value,
            Node::Question { column, threshold, right } if known >> column & 1 == 1 => {
                let is_left = row[usize::from(column)] <= threshold;
                self.value(if is_left { at + 1 } else { right as usize }, row, known)
            }
            Node::Question { right, .. } => {
                let right = right as usize;
                let count = self.counts[at];
                let share = |child: usize| if count > 0.0 { self.counts[child] / count } else { 0.5 };
                share(at + 1) * self.value(at + 1, row, known) + share(right) * self.value(right, row, known)
            }
        }
    }
}

/// Shapley values of a game by all its sets, as they are defined.
fn by_enumeration(width: usize, game: impl Fn(usize) -> f64) -> Vec<f64> {
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let values: Vec<f64> = (0..1 << width).map(game).collect();
    let of = |input: usize| {
        let others = (0..1_usize << width).filter(|set| set >> input & 1 == 0);
        let change = |set: usize| {
            let size = set.count_ones() as usize;
            let weight = factorial(size) * factorial(width - size - 1) / factorial(width);
            weight * (values[set | 1 << input] - values[set])
        };
        others.map(change).sum()
    };
    (0..width).map(of).collect()
}

fn trees(model: &Fitted) -> Option<&Trees> {
    match model.learner() {
        Learner::Forest(trees) => Some(trees),
        Learner::Boosting(boosting) => Some(&boosting.trees),
        _ => None,
    }
}

fn row_of(x: &Matrix, row: usize) -> Vec<f64> {
    x.row_major(&[row])
}

#[test]
fn contributions_of_trees_are_shapley_values_by_enumeration() -> Result<()> {
    let (x, _) = sample::rows(50, 6, 4);
    for model in fitted(6)? {
        let Some(trees) = trees(&model) else { continue };
        let why = model.contributions(&x)?;
        let counted = counted(trees, &x);
        // The list does not come to every node.
        assert!(counted.iter().any(|tree| tree.counts.contains(&0.0)));
        let part = if why.scale == Scale::Probability { trees.0.len() as f64 } else { 1.0 };
        for row in (0..50).step_by(7) {
            let values = row_of(&x, row);
            let game = |set| counted.iter().map(|tree| tree.value(0, &values, set)).sum::<f64>() / part;
            for (input, expected) in by_enumeration(6, game).into_iter().enumerate() {
                assert_near(why.row(row)[input], expected, &format!("row {row}, input {input}"));
            }
        }
    }
    Ok(())
}

/// How far the contributions of a forest within a blend are from the Shapley values of its log-odds: docs/models.md has
/// these numbers.
#[test]
fn the_error_of_a_forest_in_a_blend_is_as_it_is_told() -> Result<()> {
    let (x, y) = sample::rows(600, 6, 1);
    let settings = ForestSettings { trees: 100, min_samples_leaf: 12, ..ForestSettings::default() };
    let forest = fit(&Algorithm::ExtraTrees(settings), &x, &y, 7)?;
    let (x, _) = sample::rows(200, 6, 4);
    let why = Fitted::blend(vec![forest.clone()])?.contributions(&x)?;
    let trees = trees(&forest).unwrap();
    let counted = counted(trees, &x);
    let (mut errors, mut sizes, mut same_first) = (Vec::new(), Vec::new(), 0);
    let rows: Vec<usize> = (0..200).step_by(4).collect();
    for &row in &rows {
        let values = row_of(&x, row);
        let game = |set| {
            log_odds(
                counted.iter().map(|tree| tree.value(0, &values, set)).sum::<f64>() / trees.0.len() as f64,
            )
        };
        let exact = by_enumeration(6, game);
        let first = |values: &[f64]| (0..6).max_by(|a, b| values[*a].abs().total_cmp(&values[*b].abs()));
        same_first += usize::from(first(why.row(row)) == first(&exact));
        errors.extend(why.row(row).iter().zip(&exact).map(|(own, exact)| (own - exact).abs()));
        sizes.extend(exact.iter().map(|value| value.abs()));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let most = errors.iter().copied().fold(0.0, f64::max);
    let told = format!(
        "mean {:.4} of {:.3}, at most {most:.3}, first {same_first} of {}",
        mean(&errors),
        mean(&sizes),
        rows.len()
    );
    eprintln!("{told}");
    assert!(mean(&errors) < 0.05 * mean(&sizes) && same_first == rows.len(), "{told}");
    Ok(())
}

#[test]
fn contributions_of_segments_are_what_is_nearer_than_the_next_centre() -> Result<()> {
    let (x, _) = sample::rows(200, 4, 5);
    let found = cluster(&KMeansSettings { clusters: 4, restarts: 3 }, &x, 1)?;
    let why: Contributions = found.contributions(&x)?;
    for (row, (own, distance)) in found.assign(&x)?.into_iter().enumerate() {
        let values = row_of(&x, row);
        let squared = |at: usize| -> f64 {
            found.segments()[at]
                .centre
                .iter()
                .zip(&values)
                .map(|(centre, value)| (centre - value).powi(2))
                .sum()
        };
        let next = (0..4).filter(|at| *at != own).map(squared).fold(f64::INFINITY, f64::min);
        assert!((why.total(row) - (next - distance.powi(2))).abs() < 1e-9 * next.max(1.0));
    }
    Ok(())
}

const SHAP: &str = r#"
import json, sys
import numpy as np, shap
given = json.load(open(sys.argv[1]))
def tree(nodes):
    names = ["children_left", "children_right", "features", "thresholds", "values", "node_sample_weight"]
    columns = {name: np.array([node[at] for node in nodes]) for at, name in enumerate(names)}
    columns["children_default"] = columns["children_left"]
    columns["values"] = columns["values"].reshape(-1, 1)
    return columns
model = {"internal_dtype": np.float64, "input_dtype": np.float64, "objective": "squared_error",
         "tree_output": "raw_value", "base_offset": 0.0, "trees": [tree(nodes) for nodes in given["trees"]]}
explainer = shap.TreeExplainer(model, feature_perturbation="tree_path_dependent")
print(json.dumps(explainer.shap_values(np.array(given["rows"]), check_additivity=False).tolist()))
"#;

#[test]
#[ignore = "another Python"]
fn contributions_of_trees_are_those_of_shap() -> Result<()> {
    let Some(python) = python::with("shap-0.51.0", &["shap==0.51.0"]) else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let (x, _) = sample::rows(80, 12, 4);
    for model in fitted(12)? {
        let Some(trees) = trees(&model) else { continue };
        let nodes = |tree: &Counted<'_>| -> Vec<serde_json::Value> {
            // To shap, what no row comes to has next to no weight, and half of it each.
            let mut weights = tree.counts.clone();
            let step = |at: usize| match tree.nodes[at] {
                Node::Leaf(value) => serde_json::json!([-1, -1, -2, 0.0, value, weights[at]]),
                Node::Question { column, threshold, right } => {
                    for child in [at + 1, right as usize] {
                        if tree.counts[child] == 0.0 {
                            weights[child] = if tree.counts[at] > 0.0 { 1e-30 } else { weights[at] / 2.0 };
                        }
                    }
                    serde_json::json!([at + 1, right, column, threshold, 0.0, weights[at]])
                }
            };
            (0..tree.nodes.len()).map(step).collect()
        };
        let rows: Vec<Vec<f64>> = (0..80).map(|row| row_of(&x, row)).collect();
        let trees_of: Vec<_> = counted(trees, &x).iter().map(nodes).collect();
        let file = folder.path().join("model.json");
        std::fs::write(&file, serde_json::json!({ "trees": trees_of, "rows": rows }).to_string())?;
        let printed = python::prints(&python, folder.path(), SHAP, &[file.to_str().unwrap()]);
        let expected: Vec<Vec<f64>> = serde_json::from_str(printed.lines().last().unwrap())?;
        let why = model.contributions(&x)?;
        let part = if why.scale == Scale::Probability { trees.0.len() as f64 } else { 1.0 };
        for (row, expected) in expected.iter().enumerate() {
            for (own, expected) in why.row(row).iter().zip(expected) {
                assert_near(*own, expected / part, &format!("row {row}"));
            }
        }
    }
    Ok(())
}
