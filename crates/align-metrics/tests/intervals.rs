//! Statistical properties of intervals and equal samples, and invalid inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::{
    Bootstrap, EqualSamples, Error, EvaluationReport, equal_samples_entropy, mean, miller_madow_entropy,
    notebook_entropy, token_entropy,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Texts of independent tokens, uniform over `vocab` ids: their true entropy is `ln vocab`.
fn uniform(texts: usize, tokens: usize, vocab: i64, seed: u64) -> Vec<Vec<i64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..texts).map(|_| (0..tokens).map(|_| rng.random_range(0..vocab)).collect()).collect()
}

fn bootstrap(resamples: usize) -> Bootstrap {
    Bootstrap { resamples, ..Bootstrap::default() }
}

/// The mean's interval is, for many rows, the normal one: ±1.96 standard errors.
#[test]
fn the_interval_of_the_mean_is_the_normal_interval() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let scores: Vec<f64> = (0..400).map(|_| rng.random_range(-1.0..1.0)).collect();
    let center = mean(&scores).unwrap();
    let variance = scores.iter().map(|x| (x - center).powi(2)).sum::<f64>() / 400.0;
    let half = 1.959_964 * (variance / 400.0).sqrt();
    let texts = uniform(400, 3, 10, 4);
    let report = EvaluationReport::of(&texts, None, Some(&scores), &bootstrap(4000)).unwrap();
    let interval = report.mean_reward.unwrap().interval;
    assert!((interval.low - (center - half)).abs() < 0.1 * half, "{interval:?}, expected {center} ± {half}");
    assert!((interval.high - (center + half)).abs() < 0.1 * half, "{interval:?}, expected {center} ± {half}");
    assert_eq!(interval.level, 0.95);
}

/// Of 200 sets of scores from a known distribution, about 95% have its mean in their interval.
#[test]
fn intervals_have_their_nominal_coverage() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let covered = (0..200)
        .filter(|_| {
            let scores: Vec<f64> = (0..60).map(|_| rng.random_range(0.0..1.0)).collect();
            let mean_of = |rows: &[usize]| rows.iter().map(|row| scores[*row]).sum::<f64>() / rows.len() as f64;
            let interval = bootstrap(400).interval(scores.len(), mean_of).unwrap();
            interval.low <= 0.5 && 0.5 <= interval.high
        })
        .count();
    // Four standard deviations of a binomial around 190, and a little more below, where the bootstrap is known to lie.
    assert!((174..=200).contains(&covered), "{covered} of 200");
}

#[test]
fn values_are_inside_their_intervals_and_higher_levels_give_wider_intervals() {
    let texts = uniform(60, 20, 300, 6);
    let scores: Vec<f64> = (0..60).map(|i| f64::from(i).sin()).collect();
    let report =
        |level| EvaluationReport::of(&texts, None, Some(&scores), &Bootstrap { level, ..bootstrap(400) }).unwrap();
    let (narrow, wide) = (report(0.5), report(0.99));
    let all =
        |r: &EvaluationReport| [r.token_entropy, r.miller_madow_entropy, r.notebook_entropy, r.mean_reward.unwrap()];
    for (narrow, wide) in all(&narrow).into_iter().zip(all(&wide)) {
        assert_eq!(narrow.value, wide.value);
        assert!(wide.interval.low < narrow.interval.low && narrow.interval.high < wide.interval.high);
        assert!(wide.interval.low < wide.value && wide.value < wide.interval.high);
    }
}

#[test]
fn intervals_depend_on_the_seed() {
    let texts = uniform(30, 20, 50, 7);
    let report = |seed| EvaluationReport::of(&texts, None, None, &Bootstrap { seed, ..bootstrap(100) }).unwrap();
    assert_eq!(report(1), report(1));
    assert_ne!(report(1).token_entropy.interval, report(2).token_entropy.interval);
    assert_eq!(report(1).token_entropy.value, report(2).token_entropy.value);
}

/// Independent uniform tokens: the plain entropy is too low by about (K - 1) / 2N, the corrected one nearly right.
#[test]
fn miller_madow_removes_the_bias() {
    let truth = 200f64.ln();
    let (mut plain, mut corrected) = (0.0, 0.0);
    for seed in 0..40 {
        let texts = uniform(20, 50, 200, 100 + seed);
        plain += token_entropy(&texts, None).unwrap() / 40.0;
        corrected += miller_madow_entropy(&texts, None).unwrap() / 40.0;
    }
    assert!((truth - plain - 199.0 / 2000.0).abs() < 0.01, "bias {}", truth - plain);
    assert!((truth - corrected).abs() < 0.1 * (truth - plain), "bias {}", truth - corrected);
}

/// Sets of one model, of different sizes and lengths, differ in plain entropy and not in that of equal samples.
#[test]
fn equal_samples_compare_sets_of_different_sizes() {
    let (small, large) = (uniform(30, 10, 500, 8), uniform(600, 40, 500, 9));
    let plain = |texts: &[Vec<i64>]| token_entropy(texts, None).unwrap();
    assert!(plain(&large) - plain(&small) > 0.3);
    let sample = EqualSamples { texts: 30, tokens: 10 };
    let equal = |texts: &[Vec<i64>]| equal_samples_entropy(texts, None, sample, &bootstrap(400)).unwrap();
    let (few, many) = (equal(&small), equal(&large));
    assert!((few.value - plain(&small)).abs() < 1e-12, "all texts are needed: every draw is the same");
    assert!(many.interval.low < few.value && few.value < many.interval.high, "{few:?} {many:?}");
}

#[test]
fn the_skipped_id_is_not_counted() {
    let with: Vec<Vec<i64>> = vec![vec![1, 0, 2], vec![0, 2, 3, 0]];
    let without: Vec<Vec<i64>> = vec![vec![1, 2], vec![2, 3]];
    assert_eq!(token_entropy(&with, Some(0)), token_entropy(&without, None));
    assert_eq!(notebook_entropy(&with, Some(0)), notebook_entropy(&without, None));
    let sample = EqualSamples { texts: 2, tokens: 1 };
    let equal = |texts: &[Vec<i64>], skip| equal_samples_entropy(texts, skip, sample, &bootstrap(40)).unwrap();
    assert_eq!(equal(&with, Some(0)), equal(&without, None));
}

#[test]
fn empty_inputs_are_rejected() {
    let none: Vec<Vec<i64>> = vec![];
    for texts in [none.clone(), vec![vec![]], vec![vec![0], vec![0, 0]]] {
        assert!(matches!(token_entropy(&texts, Some(0)), Err(Error::Empty(_))));
        assert!(matches!(miller_madow_entropy(&texts, Some(0)), Err(Error::Empty(_))));
        assert!(matches!(notebook_entropy(&texts, Some(0)), Err(Error::Empty(_))));
        assert!(matches!(EvaluationReport::of(&texts, Some(0), None, &bootstrap(40)), Err(Error::Empty(_))));
    }
    assert_eq!(mean(&[]), Err(Error::Empty("scores")));
    let nan = mean(&[1.0, f64::NAN, 2.0]).unwrap_err();
    assert!(nan.to_string().starts_with("row 2: the score is NaN"), "{nan}");
    let infinite = EvaluationReport::of(&[vec![1i64]], None, Some(&[f64::INFINITY]), &bootstrap(40)).unwrap_err();
    assert!(matches!(infinite, Error::NotFinite { row: 1, .. }));
    let short = EvaluationReport::of(&[vec![1i64], vec![2]], None, Some(&[0.0]), &bootstrap(40)).unwrap_err();
    assert_eq!(short, Error::Lengths { texts: 2, scores: 1 });
}

#[test]
fn options_out_of_range_are_rejected() {
    let texts = vec![vec![1i64, 2]; 3];
    let with = |bootstrap: Bootstrap| EvaluationReport::of(&texts, None, None, &bootstrap);
    for level in [0.0, 1.0, -0.5, 95.0, f64::NAN] {
        let found = with(Bootstrap { level, ..bootstrap(1000) });
        assert!(matches!(found, Err(Error::Option { option: "level", .. })), "{level}");
    }
    assert!(with(bootstrap(40)).is_ok());
    let few = with(bootstrap(39)).unwrap_err().to_string();
    assert_eq!(few, "resamples: expected at least 40 for level 0.95, found 39");
    for (sample, option) in [
        (EqualSamples { texts: 4, tokens: 1 }, "sample.texts"),
        (EqualSamples { texts: 0, tokens: 1 }, "sample.texts"),
        (EqualSamples { texts: 1, tokens: 0 }, "sample.tokens"),
    ] {
        let error = equal_samples_entropy(&texts, None, sample, &bootstrap(40)).unwrap_err();
        assert!(error.to_string().starts_with(option), "{error}");
    }
}

/// A resample that contains only empty texts is not an error.
#[test]
fn a_resample_may_contain_only_empty_texts() {
    let texts: Vec<Vec<i64>> = vec![vec![], vec![], vec![5, 6]];
    let report = EvaluationReport::of(&texts, None, None, &bootstrap(200)).unwrap();
    assert!((report.token_entropy.value - 2f64.ln()).abs() < 1e-12);
    assert!(report.token_entropy.interval.low.is_finite());
}
