//! Made-up rows for tests: columns of different kinds, and labels that follow from some of them.

use anyhow::Result;
use olist::learn::{Algorithm, Matrix, Random, fit, probability};

/// Uniform in 0..1.
pub fn uniform(random: &mut Random) -> f64 {
    random.below(1 << 30) as f64 / f64::from(1 << 30)
}

/// Columns are, in turn: uniform, whole numbers with many ties, mostly zero, skewed. Labels follow from the first
/// four; about four in ten are positive.
pub fn rows(rows: usize, columns: usize, seed: u64) -> (Matrix, Vec<bool>) {
    let mut random = Random::new(seed, 99);
    let values: Vec<Vec<f64>> = (0..columns)
        .map(|column| {
            let mut value = || match column % 4 {
                0 => uniform(&mut random),
                1 => (uniform(&mut random) * 20.0).floor(),
                2 => (uniform(&mut random) - 0.8).max(0.0),
                _ => -100.0 * (1.0 - uniform(&mut random)).ln(),
            };
            (0..rows).map(|_| value()).collect()
        })
        .collect();
    let label = |row: usize| {
        let score = 3.0 * (values[0][row] - 0.5)
            + 0.1 * (values[1][row] - 10.0)
            + 5.0 * values[2][row]
            + if values[3][row] > 100.0 { 0.7 } else { -0.7 };
        score * 1.5 - 0.3
    };
    let y = (0..rows).map(|row| uniform(&mut random) < probability(label(row))).collect();
    let mut x = Matrix::new((0..columns).map(|column| format!("x{column}")).collect());
    x.append(&values.iter().map(Vec::as_slice).collect::<Vec<_>>());
    (x, y)
}

/// Asserts that threads change nothing, and the seed does.
pub fn is_the_same_for_any_number_of_threads(algorithm: &Algorithm, x: &Matrix, y: &[bool]) -> Result<()> {
    let with = |threads| -> Result<_> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        pool.install(|| fit(algorithm, x, y, 5))
    };
    assert_eq!(with(1)?, with(4)?);
    assert_ne!(with(1)?, fit(algorithm, x, y, 6)?);
    Ok(())
}
