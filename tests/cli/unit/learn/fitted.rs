//! Every kind of model: scores, bytes and back, damage, columns, and what it looks at.

use super::sample;
use anyhow::Result;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use olist::learn::{
    Algorithm, BoostingSettings, Fitted, ForestSettings, LogisticSettings, Matrix, ValidationSet, fit,
    permutation_importance,
};
use std::io::Write;

fn algorithms() -> [Algorithm; 4] {
    let forest = ForestSettings { trees: 30, ..ForestSettings::default() };
    [
        Algorithm::LogisticRegression(LogisticSettings::default()),
        Algorithm::RandomForest(forest.clone()),
        Algorithm::ExtraTrees(forest),
        Algorithm::GradientBoosting(BoostingSettings { trees: 30, ..BoostingSettings::default() }),
    ]
}

/// One model of each kind, and a blend.
fn models() -> Result<Vec<Fitted>> {
    let (x, y) = sample::rows(600, 8, 1);
    let mut models =
        algorithms().iter().map(|algorithm| fit(algorithm, &x, &y, 7)).collect::<Result<Vec<_>>>()?;
    models.push(Fitted::blend(models.clone())?);
    Ok(models)
}

#[test]
fn bytes_give_back_the_same_model_and_the_same_bits() -> Result<()> {
    let (x, _) = sample::rows(300, 8, 2);
    for model in models()? {
        let again = Fitted::from_bytes(&model.to_bytes()?)?;
        assert_eq!(again, model);
        let bits = |model: &Fitted| -> Result<Vec<u64>> {
            Ok(model.predict(&x)?.iter().map(|p| p.to_bits()).collect())
        };
        assert_eq!(bits(&again)?, bits(&model)?);
    }
    Ok(())
}

#[test]
fn damaged_bytes_are_an_error() -> Result<()> {
    for model in models()? {
        let bytes = model.to_bytes()?;
        for length in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            assert!(Fitted::from_bytes(&bytes[..length]).is_err());
        }
        for place in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x55;
            assert!(Fitted::from_bytes(&damaged).is_err(), "byte {place}");
        }
    }
    let future = Fitted::from_bytes(b"OLML\x63...").map_err(|error| error.to_string());
    assert_eq!(future, Err("the stored model has format 99, this program reads 1".into()));
    assert!(Fitted::from_bytes(b"").is_err());
    Ok(())
}

/// A database from elsewhere may hold anything: what its bytes ask for is refused before it fills stack or memory.
#[test]
fn bytes_that_ask_for_too_much_are_an_error() {
    let error = |plain: &[u8]| {
        let mut encoder = ZlibEncoder::new(b"OLML\x01".to_vec(), Compression::fast());
        encoder.write_all(plain).unwrap();
        format!("{:#}", Fitted::from_bytes(&encoder.finish().unwrap()).unwrap_err())
    };
    // One column `a`, a blend of one member, which has one column `a`, and is a blend...
    assert!(error(&[1, 1, b'a', 3, 1].repeat(1_000_000)).starts_with("the stored model is damaged"));
    let names = [postcard::to_stdvec(&70_000_u32).unwrap(), vec![0; 200_000]].concat();
    assert!(error(&names).starts_with("the stored model is damaged"));
    assert_eq!(error(&vec![0; 129 << 20]), "the stored model is larger than 128 MiB");
}

#[test]
fn scores_do_not_depend_on_blocks_or_threads() -> Result<()> {
    let (x, _) = sample::rows(500, 8, 2);
    for model in models()? {
        let all = model.predict(&x)?;
        assert!(all.iter().all(|p| (0.0..=1.0).contains(p)));
        let some = model.predict(&x.select(&[499, 3, 131]))?;
        for (p, row) in some.iter().zip([499, 3, 131]) {
            assert_eq!(p.to_bits(), all[row].to_bits());
        }
        assert!(model.predict(&x.select(&[]))?.is_empty());
    }
    Ok(())
}

#[test]
fn a_blend_of_models_is_a_blend_of_their_scores() -> Result<()> {
    let (x, _) = sample::rows(200, 8, 2);
    let models = models()?;
    let scores = models[..4].iter().map(|model| model.predict(&x)).collect::<Result<Vec<_>>>()?;
    for (row, p) in models[4].predict(&x)?.into_iter().enumerate() {
        // The geometric mean of the odds; probabilities are kept 1e-4 away from 0 and 1.
        let odds = |p: f64| p.clamp(1e-4, 1.0 - 1e-4) / (1.0 - p.clamp(1e-4, 1.0 - 1e-4));
        let product: f64 = scores.iter().map(|scores| odds(scores[row])).product();
        let expected = product.powf(0.25) / (1.0 + product.powf(0.25));
        assert!((p - expected).abs() < 1e-12);
    }
    Ok(())
}

#[test]
fn other_columns_are_named() -> Result<()> {
    let model = &models()?[0];
    let fewer = sample::rows(5, 7, 1).0;
    let error = model.predict(&fewer).map_err(|error| error.to_string());
    assert_eq!(error, Err("the model was trained on 8 inputs, 7 are given".into()));
    let mut x = Matrix::new(["x0", "x2"].map(String::from).to_vec());
    x.append(&[&[1.0], &[1.0]]);
    let error = model.predict(&x).map_err(|error| error.to_string());
    assert_eq!(error, Err("the model was trained with the input `x1` where `x2` is given now".into()));
    Ok(())
}

#[test]
fn rows_that_cannot_be_learned_from_are_an_error() -> Result<()> {
    let (x, _) = sample::rows(20, 4, 1);
    for algorithm in algorithms() {
        assert!(fit(&algorithm, &x, &[true; 20], 1).is_err());
        assert!(fit(&algorithm, &x, &[true; 19], 1).is_err());
        assert!(fit(&algorithm, &x.select(&[]), &[], 1).is_err());
        // Fewer rows than a leaf needs: the base rate, not a failure.
        let (two, labels) = (x.select(&[0, 1]), [true, false]);
        assert!(fit(&algorithm, &two, &labels, 1)?.predict(&x)?.iter().all(|p| p.is_finite()));
    }
    assert!(
        fit(&Algorithm::Sql { expression: olist::sql::Expression::of("0.5").unwrap() }, &x, &[true; 20], 1)
            .is_err()
    );
    Ok(())
}

#[test]
fn importance_finds_the_columns_that_made_the_labels() -> Result<()> {
    let (x, y) = sample::rows(2000, 8, 5);
    for model in models()? {
        let sets = vec![ValidationSet { model, x: x.clone(), y: y.clone() }];
        let found = permutation_importance(sets.clone(), 1)?;
        assert_eq!(found.len(), 8);
        let mut first: Vec<&str> = found[..3].iter().map(|importance| importance.column.as_str()).collect();
        first.sort_unstable();
        assert_eq!(first, ["x0", "x1", "x3"], "{found:?}");
        assert!(found[0].roc_auc_drop > 0.02);
        assert_eq!(found, permutation_importance(sets, 1)?);
    }
    Ok(())
}
