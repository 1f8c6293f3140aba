//! Groups that are there, and numbers that stay.

use anyhow::Result;
use olist::learn::{Clustering, Fitted, KMeansSettings, Matrix, Random, cluster, stability};

/// `count` rows around each of the points, at most `spread` away in each direction.
fn around(points: &[[f64; 2]], count: usize, spread: f64) -> Matrix {
    let mut random = Random::new(1, 1);
    let mut x = Matrix::new(vec!["a".into(), "b".into()]);
    for point in points {
        for _ in 0..count {
            let mut noise = || spread * (random.below(2001) as f64 / 1000.0 - 1.0);
            x.append(&[&[point[0] + noise()], &[point[1] + noise()]]);
        }
    }
    x
}

const POINTS: [[f64; 2]; 3] = [[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]];

fn settings(clusters: usize) -> KMeansSettings {
    KMeansSettings { clusters, restarts: 10 }
}

fn groups(clustering: &Clustering, x: &Matrix) -> Result<Vec<i32>> {
    let number = |(at, _): (usize, f64)| clustering.segments()[at].number;
    Ok(clustering.assign(x)?.into_iter().map(number).collect())
}

#[test]
fn groups_that_are_there_are_found() -> Result<()> {
    let x = around(&POINTS, 40, 1.0);
    let found = cluster(&settings(3), &x, 7)?;
    let groups = groups(&found, &x)?;
    for part in groups.chunks(40) {
        assert!(part.iter().all(|group| *group == part[0]), "{groups:?}");
    }
    for point in POINTS {
        let near = |centre: &[f64]| centre.iter().zip(point).all(|(a, b)| (a - b).abs() < 0.4);
        assert!(found.segments().iter().any(|segment| near(&segment.centre)), "{found:?}");
    }
    assert!(stability(&settings(3), &found, &x, 7)?.is_some_and(|index| index > 0.99));
    assert_eq!(found, cluster(&settings(3), &x, 7)?);
    Ok(())
}

#[test]
fn groups_that_are_not_there_are_not_stable() -> Result<()> {
    let x = around(&[[0.0, 0.0]], 300, 1.0);
    let found = cluster(&settings(5), &x, 7)?;
    assert!(stability(&settings(5), &found, &x, 7)?.is_some_and(|index| index < 0.85));
    Ok(())
}

#[test]
fn segments_keep_their_numbers() -> Result<()> {
    let before = cluster(&settings(3), &around(&POINTS, 40, 1.0), 7)?;
    // A month later the second point is the largest group, so that a fresh fit would number it first.
    let later = around(&[[0.2, 0.1], [5.1, 0.3], [5.0, 0.2], [5.2, 0.1], [-0.1, 4.8]], 40, 1.0);
    let fresh = cluster(&settings(3), &later, 8)?;
    let after = fresh.succeeding(&before);
    let of = |clustering: &Clustering, point: [f64; 2]| -> Result<i32> {
        let mut one = Matrix::new(vec!["a".into(), "b".into()]);
        one.append(&[&[point[0]], &[point[1]]]);
        Ok(groups(clustering, &one)?[0])
    };
    for point in POINTS {
        assert_eq!(of(&before, point)?, of(&after, point)?, "{point:?}");
    }
    Ok(())
}

#[test]
fn a_new_segment_gets_a_new_number_and_a_lost_one_is_not_given_again() -> Result<()> {
    let numbers =
        |clustering: &Clustering| clustering.segments().iter().map(|s| s.number).collect::<Vec<_>>();
    let three = cluster(&settings(3), &around(&POINTS, 40, 1.0), 7)?;
    let four_points = [POINTS[0], POINTS[1], POINTS[2], [9.0, 9.0]];
    let four = cluster(&settings(4), &around(&four_points, 40, 1.0), 7)?.succeeding(&three);
    assert_eq!(numbers(&four), [1, 2, 3, 4]);
    let again = cluster(&settings(3), &around(&POINTS, 40, 1.0), 7)?.succeeding(&four);
    assert_eq!(numbers(&again), [1, 2, 3]);
    let other = [POINTS[0], POINTS[1], POINTS[2], [-9.0, -9.0]];
    let next = cluster(&settings(4), &around(&other, 40, 1.0), 7)?.succeeding(&again);
    assert_eq!(numbers(&next), [1, 2, 3, 5]);
    Ok(())
}

#[test]
fn what_cannot_be_grouped_is_an_error() {
    let mut x = Matrix::new(vec!["a".into()]);
    x.append(&[&[1.0, 1.0, 2.0, 2.0]]);
    let error = cluster(&settings(3), &x, 7).map_err(|error| error.to_string());
    assert_eq!(error, Err("2 different rows cannot make 3 groups".into()));
}

#[test]
fn a_stored_clustering_comes_back() -> Result<()> {
    let found = cluster(&settings(3), &around(&POINTS, 10, 1.0), 7)?;
    let bytes = found.to_bytes()?;
    assert_eq!(Clustering::from_bytes(&bytes)?, found);
    assert!(Clustering::from_bytes(&bytes[..bytes.len() - 3]).is_err());
    assert!(Fitted::from_bytes(&bytes).is_err());
    Ok(())
}
