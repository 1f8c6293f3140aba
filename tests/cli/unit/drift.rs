//! PSI.

use olist::drift::{edges, psi, shares};

#[test]
fn the_same_distribution_has_no_psi_and_another_one_has() {
    let values: Vec<f64> = (0..1000).map(f64::from).collect();
    let edges = edges(&values);
    assert_eq!(edges.len(), 9);
    let then = shares(&values, &edges);
    assert!(psi(&then, &then).abs() < 1e-12);
    let tenth: Vec<f64> = values.iter().map(|value| value / 10.0).collect();
    assert!(psi(&then, &shares(&tenth, &edges)) > 2.0);
}

#[test]
fn the_formula_is_that_of_the_textbook() {
    // (0.6 - 0.5) ln(0.6 / 0.5) + (0.4 - 0.5) ln(0.4 / 0.5)
    assert!((psi(&[0.5, 0.5], &[0.6, 0.4]) - 0.040_546_5).abs() < 1e-6);
}
