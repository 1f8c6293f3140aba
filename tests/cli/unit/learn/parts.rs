//! The small parts: trees, bins, random numbers, tables, intervals, and how good groups are.

use anyhow::Result;
use olist::learn::{
    Bins, Difference, GrownNode, Interval, Matrix, Metric, Random, Scored, Tree, adjusted_rand_index,
    difference, log_odds, probability, quantile, silhouette,
};

fn column(values: &[f64]) -> Matrix {
    let mut matrix = Matrix::new(vec!["a".into()]);
    matrix.append(&[values]);
    matrix
}

fn leaf(output: f64) -> GrownNode {
    GrownNode { output, ..GrownNode::default() }
}

fn question(split_feature: usize, threshold: f64, left: usize, right: usize) -> GrownNode {
    GrownNode {
        output: 0.0,
        split_feature,
        split_value: Some(threshold),
        true_child: Some(left),
        false_child: Some(right),
    }
}

/// Column 0 up to 1: 10; above, column 1 up to 5: 20, else 30.
#[test]
fn a_row_comes_to_its_leaf_and_a_tie_goes_left() -> Result<()> {
    let grown = [question(0, 1.0, 1, 2), leaf(10.0), question(1, 5.0, 3, 4), leaf(20.0), leaf(30.0)];
    let tree = Tree::new(&grown)?;
    let value = |row: [f64; 2]| {
        let mut sums = [0.0];
        tree.add(&row, 2, &mut sums);
        sums[0].to_bits()
    };
    assert_eq!(value([1.0, 9.0]), 10_f64.to_bits());
    assert_eq!(value([1.1, 5.0]), 20_f64.to_bits());
    assert_eq!(value([1.1, 5.1]), 30_f64.to_bits());
    Ok(())
}

#[test]
fn what_is_not_a_tree_is_refused() {
    assert!(Tree::new(&[]).is_err());
    assert!(Tree::new(&[question(0, 1.0, 0, 0)]).is_err());
    assert!(Tree::new(&[question(0, 1.0, 1, 7), leaf(1.0)]).is_err());
    assert!(Tree::new(&[leaf(1.0), leaf(2.0)]).is_err());
    assert!(Tree::new(&[leaf(f64::NAN)]).is_err());
    let childless = GrownNode { false_child: None, ..question(0, 1.0, 1, 2) };
    assert!(Tree::new(&[childless, leaf(1.0), leaf(2.0)]).is_err());
}

#[test]
fn few_values_have_a_bin_each() {
    let bins = Bins::new(&column(&[3.0, 1.0, 2.0, 1.0, 3.0]));
    assert_eq!(bins.codes(0), [2, 0, 1, 0, 2]);
    for (code, cut) in [(0.0, 1.5), (1.0, 2.5)] {
        assert!((bins.threshold(0, code) - cut).abs() < 1e-12);
    }
    assert_eq!(Bins::new(&column(&[7.0; 9])).codes(0), [0; 9]);
    assert_eq!(Bins::new(&column(&[-0.0, 0.0, f64::MIN, f64::MAX])).codes(0), [1, 1, 0, 2]);
}

#[test]
fn many_values_share_bins_of_one_size() {
    let mut values: Vec<f64> = (0..10_000).map(f64::from).collect();
    values.extend(vec![5e5; 10_000]);
    let bins = Bins::new(&column(&values));
    let mut counts = [0_usize; 256];
    for &code in bins.codes(0) {
        counts[usize::from(code)] += 1;
    }
    let used: Vec<usize> = counts.into_iter().filter(|&count| count > 0).collect();
    assert!(used.len() > 100 && used.len() <= 256, "{}", used.len());
    assert!(used.iter().all(|&count| count == 10_000 || count <= 200), "{used:?}");
}

#[test]
fn bins_keep_the_order_of_values() {
    let values: Vec<f64> = (0..5_000).map(|i| f64::from(i * 7919 % 5_003)).collect();
    let bins = Bins::new(&column(&values));
    let codes = bins.codes(0);
    for (left, code) in values.iter().zip(codes).step_by(37) {
        for (right, other) in values.iter().zip(codes).step_by(41) {
            assert!(left > right || code <= other);
        }
        for bin in 0..255_u8 {
            assert_eq!(*left <= bins.threshold(0, f64::from(bin)), *code <= bin);
        }
    }
}

#[test]
fn a_sample_is_ascending_without_repeats_and_of_the_size_asked_for() {
    let mut random = Random::new(7, 0);
    for count in [0, 1, 5, 10, 12] {
        let sample = random.sample(10, count);
        assert_eq!(sample.len(), count.min(10));
        assert!(sample.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn samples_are_uniform() {
    let mut random = Random::new(1, 2);
    let mut seen = [0_u32; 6];
    for _ in 0..6000 {
        for index in random.sample(6, 2) {
            seen[index] += 1;
        }
    }
    assert!(seen.iter().all(|&count| (1850..2150).contains(&count)), "{seen:?}");
}

/// A seed means the same in every release: these are the numbers of `SplitMix64`, and of a shuffle.
#[test]
fn a_shuffle_keeps_every_item_and_its_order() {
    let mut items: Vec<usize> = (0..50).collect();
    Random::new(3, 0).shuffle(&mut items);
    assert_ne!(items, (0..50).collect::<Vec<_>>());
    items.sort_unstable();
    assert_eq!(items, (0..50).collect::<Vec<_>>());
    // The second number of SplitMix64 from seed 0: the first is passed over.
    assert_eq!(Random::new(0, 0).next_u64(), 0x6E78_9E6A_A1B9_65F4);
}

#[test]
fn log_odds_and_probability_undo_each_other() {
    for p in [0.0001, 0.2, 0.5, 0.93] {
        assert!((probability(log_odds(p)) - p).abs() < 1e-15);
    }
    assert!((log_odds(0.0) + 9999_f64.ln()).abs() < 1e-9);
    assert!(probability(-800.0) >= 0.0 && probability(800.0) <= 1.0);
}

#[test]
fn batches_are_put_below_each_other() {
    let mut matrix = Matrix::new(vec!["a".into(), "b".into()]);
    matrix.append(&[&[1.0, 2.0], &[10.0, 20.0]]);
    matrix.append(&[&[3.0], &[30.0]]);
    assert_eq!(matrix.rows(), 3);
    assert_eq!(matrix.column(1), [10.0, 20.0, 30.0]);
    assert_eq!(matrix.row_major(&[1, 2]), [2.0, 20.0, 3.0, 30.0]);
    assert_eq!(matrix.select(&[2, 0, 2]).column(0), [3.0, 1.0, 3.0]);
    assert_eq!(matrix.with(0, vec![3.0, 2.0, 1.0]).column(0), [3.0, 2.0, 1.0]);
}

#[test]
fn quantiles_lie_between_neighbours() {
    let sorted = [1.0, 2.0, 3.0, 4.0, 5.0];
    assert!((quantile(&sorted, 0.025) - 1.1).abs() < 1e-12);
    assert!((quantile(&sorted, 0.975) - 4.9).abs() < 1e-12);
    assert!((quantile(&[7.0], 0.3) - 7.0).abs() < 1e-12);
}

#[test]
fn an_interval_of_a_share_is_as_wide_as_theory_says() -> Result<()> {
    // 400 entities of one row, a fifth positive: the standard error of the share is 0.02.
    let y: Vec<bool> = (0..400).map(|i| i % 5 == 0).collect();
    let entities: Vec<usize> = (0..400).collect();
    let scored = Scored::new(&y, &[0.5; 400])?;
    let intervals = scored.intervals(&[Metric::BaseRate, Metric::RocAuc], &entities, 1000, 1)?;
    let rate = intervals[0].unwrap();
    assert!((rate.low - 0.1608).abs() < 0.006 && (rate.high - 0.2392).abs() < 0.006, "{rate:?}");
    assert_eq!(intervals[1], Some(Interval { low: 0.5, high: 0.5 }));
    assert_eq!(intervals, scored.intervals(&[Metric::BaseRate, Metric::RocAuc], &entities, 1000, 1)?);
    Ok(())
}

#[test]
fn rows_of_one_entity_are_drawn_together() -> Result<()> {
    // 20 entities whose 50 rows agree: as uncertain as 20 rows, not as 1000.
    let y: Vec<bool> = (0..1000).map(|i| i / 50 % 2 == 0).collect();
    let entities: Vec<String> = (0..1000).map(|i| format!("s{}", i / 50)).collect();
    let intervals = Scored::new(&y, &[0.5; 1000])?.intervals(&[Metric::BaseRate], &entities, 400, 1)?;
    assert!(intervals[0].is_some_and(|i| i.low < 0.35 && i.high > 0.65), "{intervals:?}");
    Ok(())
}

#[test]
fn a_metric_without_meaning_has_no_interval() -> Result<()> {
    let scored = Scored::new(&[true, true], &[0.1, 0.2])?;
    assert_eq!(scored.intervals(&[Metric::RocAuc], &[1, 2], 50, 1)?, [None]);
    assert_eq!(Scored::new(&[], &[])?.intervals::<u8>(&[Metric::Brier], &[], 50, 1)?, [None]);
    assert!(scored.intervals(&[Metric::RocAuc], &[1], 50, 1).is_err());
    Ok(())
}

#[test]
fn a_difference_is_paired() -> Result<()> {
    // Two models that are wrong on other rows alike, in two folds of the same entities; a third that is hardly worse.
    let y: Vec<bool> = (0..200_usize).map(|i| i.is_multiple_of(2)).collect();
    let entities: Vec<String> = (0..200).map(|i| format!("s{i}")).collect();
    let scores = |wrong: usize, of: usize| -> Vec<f64> {
        let score = |i: usize| if i.is_multiple_of(2) == (i % of == wrong) { 0.4 } else { 0.6 };
        (0..200_usize).map(score).collect()
    };
    let found = |one: &[f64], other: &[f64]| -> Result<Difference> {
        let entities = vec![entities.iter().map(String::as_str).collect(); 2];
        let folds = |scores| Ok(vec![Scored::new(&y, scores)?; 2]);
        let (one, other): (Result<_>, Result<_>) = (folds(one), folds(other));
        Ok(difference(Metric::Brier, &entities, &one?, &other?, 300, 1)?.unwrap())
    };
    let same = found(&scores(0, 5), &scores(0, 5))?;
    assert_eq!(same.interval, Interval { low: 0.0, high: 0.0 });
    let tie = found(&scores(0, 5), &scores(1, 5))?;
    assert!(
        (tie.one - tie.other).abs() < 1e-12 && tie.interval.low < 0.0 && tie.interval.high > 0.0,
        "{tie:?}"
    );
    // A wrong row costs 0.36 where a right one costs 0.16: 1 of 5 is wrong here, 2 of 5 there.
    let twice: Vec<f64> =
        (0..200_usize).map(|i| if i.is_multiple_of(2) == (i % 5 < 2) { 0.4 } else { 0.6 }).collect();
    let worse = found(&twice, &scores(0, 5))?;
    assert!((worse.one - worse.other - 0.04).abs() < 1e-12, "{worse:?}");
    assert!(worse.interval.low > 0.02 && worse.interval.high < 0.06, "{worse:?}");
    assert_eq!(difference(Metric::Brier, &[], &[], &[], 300, 1)?, None);
    Ok(())
}

#[test]
fn a_silhouette_by_hand() {
    // Row 0: a = 1, b = 9.5; row 1: a = 1, b = 8.5; the other two alike.
    let x = column(&[0.0, 1.0, 9.0, 10.0]);
    let by_hand = f64::midpoint(8.5 / 9.5, 7.5 / 8.5);
    assert!(silhouette(&x, &[0, 0, 1, 1], 1).is_some_and(|value| (value - by_hand).abs() < 1e-12));
    assert_eq!(silhouette(&x, &[0, 0, 0, 0], 1), None);
    assert!(silhouette(&x, &[0, 1, 0, 1], 1).is_some_and(|value| value < 0.0));
}

#[test]
fn the_adjusted_rand_index_knows_names_from_groups() {
    assert!((adjusted_rand_index(&[0, 0, 1, 1], &[5, 5, 2, 2]) - 1.0).abs() < 1e-12);
    // scikit-learn gives 0.5714285714285714 and -0.5 for these.
    let partly = adjusted_rand_index(&[0, 0, 1, 2], &[0, 0, 1, 1]);
    assert!((partly - 0.571_428_571_428_571_4).abs() < 1e-12, "{partly}");
    let worse = adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]);
    assert!((worse + 0.5).abs() < 1e-12, "{worse}");
}
