//! Coefficients against scikit-learn 1.x: `LogisticRegression(C=1/alpha, tol=1e-10)` on the standardised columns.

use anyhow::Result;
use olist::learn::{Logistic, LogisticSettings, Matrix};

/// 200 rows: two waves of different scale, whole numbers, and a constant.
fn rows() -> (Matrix, Vec<bool>) {
    let row = |i: u32| {
        let (sine, cosine, whole) = (f64::from(i).sin(), (1.7 * f64::from(i)).cos(), f64::from(i * 37 % 11));
        let score = 0.8 * sine + 0.9 * cosine - 0.15 * whole + 0.5 + 1.5 * (12.9898 * f64::from(i)).sin();
        ([10.0 + 3.0 * sine, 1000.0 * cosine + sine * 200.0, whole, 4.0], score > 0.0)
    };
    let (values, y): (Vec<[f64; 4]>, Vec<bool>) = (0..200).map(row).unzip();
    let mut x = Matrix::new(["a", "b", "c", "d"].map(String::from).to_vec());
    let columns: Vec<Vec<f64>> =
        (0..4).map(|column| values.iter().map(|row| row[column]).collect()).collect();
    x.append(&columns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    (x, y)
}

#[test]
fn coefficients_are_those_of_scikit_learn() -> Result<()> {
    let (x, y) = rows();
    let expected = [
        (1.0, -0.098_048_67, [0.584_842_28, 0.727_882_97, -0.439_679_05, 0.0], 0.772_503_54),
        (20.0, -0.088_735_41, [0.404_889_44, 0.468_375_35, -0.253_467_65, 0.0], 0.689_326_10),
        (0.0, -0.099_042_40, [0.601_676_67, 0.754_134_30, -0.459_423_89, 0.0], 0.779_702_91),
    ];
    for (alpha, intercept, coefficients, probability) in expected {
        let fitted = Logistic::fit(&LogisticSettings { alpha }, &x, &y)?;
        assert!((fitted.intercept - intercept).abs() < 1e-6, "{alpha}: {fitted:?}");
        for (term, coefficient) in fitted.terms.iter().zip(coefficients) {
            assert!((term.coefficient - coefficient).abs() < 1e-6, "{alpha}: {fitted:?}");
        }
        assert!((fitted.score(&x.row_major(&[7])) - probability).abs() < 1e-6);
    }
    Ok(())
}

#[test]
fn a_new_value_in_a_constant_column_changes_nothing() -> Result<()> {
    let (x, y) = rows();
    let fitted = Logistic::fit(&LogisticSettings { alpha: 1.0 }, &x, &y)?;
    let (one, other) = (fitted.score(&[10.0, 0.0, 5.0, 4.0]), fitted.score(&[10.0, 0.0, 5.0, 1e9]));
    assert!(one.is_finite() && (one - other).abs() < 1e-15);
    Ok(())
}

/// Without a penalty, perfectly separated labels have no best coefficients.
#[test]
fn no_minimum_is_an_error_or_a_steep_line() -> Result<()> {
    let mut x = Matrix::new(vec!["x".into()]);
    x.append(&[&(0..100).map(f64::from).collect::<Vec<_>>()]);
    let y: Vec<bool> = (0..100).map(|row| row >= 50).collect();
    let steep = Logistic::fit(&LogisticSettings { alpha: 0.0 }, &x, &y);
    assert!(steep.is_err() || steep.is_ok_and(|fitted| fitted.terms[0].coefficient > 10.0));
    let fitted = Logistic::fit(&LogisticSettings { alpha: 1.0 }, &x, &y)?;
    assert!(fitted.score(&[0.0]) < 0.01 && fitted.score(&[99.0]) > 0.99);
    Ok(())
}
