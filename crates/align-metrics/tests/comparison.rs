//! Comparison of models on the same prompts and of scorers on the same texts: values of SciPy, and statistical properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::{Bootstrap, Clusters, Error, PairedComparison, roc_auc, sign_agreement, spearman};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FIRST: [f64; 7] = [0.5, -0.25, 1.0, 2.0, 0.75, -0.5, 1.5];
const SECOND: [f64; 7] = [0.25, 0.0, 1.0, 1.0, 0.5, -1.0, 1.75];

fn compare(first: &[f64], second: &[f64], resamples: usize) -> PairedComparison {
    PairedComparison::of(first, second, None, &Bootstrap { resamples, ..Bootstrap::default() }).unwrap()
}

/// scipy.stats.permutation_test((first, second), lambda a, b, axis: np.mean(a - b, axis=axis),
///     permutation_type="samples", vectorized=True): statistic 0.2142857, pvalue 0.375 (all 128)
/// scipy.stats.bootstrap((first - second,), np.mean, method="percentile", n_resamples=200000): (-1/14, 7.5/14)
#[test]
fn differences_equal_those_of_scipy() {
    let found = compare(&FIRST, &SECOND, 20_000);
    assert!((found.mean_difference.value - 1.5 / 7.0).abs() < 1e-12);
    assert_eq!(found.p_value, 0.375);
    // The resamples' values lie 1/28 apart.
    assert!((found.mean_difference.interval.low + 1.0 / 14.0).abs() <= 1.01 / 28.0, "{found:?}");
    assert!((found.mean_difference.interval.high - 7.5 / 14.0).abs() <= 1.01 / 28.0, "{found:?}");
    // Four wins, two losses, a tie.
    assert!((found.win_rate.value - 4.5 / 7.0).abs() < 1e-12);
    assert_eq!((found.rows, found.prompts), (7, 7));
}

/// The same test with d = np.sin(np.arange(200)) + 0.15 and n_resamples=200000: pvalue 0.00244, of which about
/// sqrt(0.00244 / 20000) = 0.00035 is chance with a tenth of the flips.
#[test]
fn random_sign_flips_give_the_p_value_of_scipy() {
    let first: Vec<f64> = (0..200).map(|i| f64::from(i).sin() + 0.15).collect();
    let found = compare(&first, &[0.0; 200], 20_000);
    assert!((found.p_value - 0.00244).abs() < 4.0 * 0.00037, "{}", found.p_value);
    let interval = found.mean_difference.interval;
    // The normal interval: 0.1545 ± 1.96 · 0.7082 / √200.
    assert!((interval.low - 0.0564).abs() < 0.005 && (interval.high - 0.2527).abs() < 0.005, "{interval:?}");
}

/// Exchanging the models mirrors every value.
#[test]
fn exchanging_the_models_negates_the_difference() {
    for resamples in [100, 400] {
        let (there, back) = (compare(&FIRST, &SECOND, resamples), compare(&SECOND, &FIRST, resamples));
        assert_eq!(there.p_value, back.p_value);
        assert!((there.mean_difference.value + back.mean_difference.value).abs() < 1e-12);
        assert!((there.mean_difference.interval.low + back.mean_difference.interval.high).abs() < 1e-12);
        assert!((there.win_rate.value + back.win_rate.value - 1.0).abs() < 1e-12);
        assert!((there.win_rate.interval.low + back.win_rate.interval.high - 1.0).abs() < 1e-12);
    }
}

#[test]
fn a_model_equals_itself() {
    for resamples in [100, 400] {
        let found = compare(&FIRST, &FIRST, resamples);
        assert_eq!((found.mean_difference.value, found.win_rate.value, found.p_value), (0.0, 0.5, 1.0));
        assert_eq!(found.mean_difference.interval.high, 0.0);
    }
}

/// Equal rows of one prompt count as one.
#[test]
fn duplicate_rows_within_a_prompt_add_no_information() {
    let copies = |scores: [f64; 7]| scores.iter().flat_map(|x| [*x; 4]).collect::<Vec<f64>>();
    let prompts = Clusters::by(&(0..28).map(|row| row / 4).collect::<Vec<usize>>());
    for resamples in [100, 400] {
        let bootstrap = Bootstrap { resamples, ..Bootstrap::default() };
        let often = PairedComparison::of(&copies(FIRST), &copies(SECOND), Some(&prompts), &bootstrap).unwrap();
        let once = compare(&FIRST, &SECOND, resamples);
        assert_eq!((often.rows, often.prompts, often.p_value), (28, 7, once.p_value));
        for (often, once) in [(often.mean_difference, once.mean_difference), (often.win_rate, once.win_rate)] {
            assert!((often.value - once.value).abs() < 1e-12);
            assert!((often.interval.low - once.interval.low).abs() < 1e-12);
            assert!((often.interval.high - once.interval.high).abs() < 1e-12);
        }
        // If they were treated as independent, the interval would be half as wide.
        let unclustered = compare(&copies(FIRST), &copies(SECOND), resamples).mean_difference.interval;
        let interval = once.mean_difference.interval;
        assert!(unclustered.high - unclustered.low < 0.7 * (interval.high - interval.low));
    }
}

/// Without a difference, about one p-value in ten is at most 0.1, drawn or exact.
#[test]
fn p_values_are_uniform_where_there_is_no_difference() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for prompts in [8, 40] {
        let low = (0..400)
            .filter(|_| {
                let mut scores = || (0..prompts).map(|_| rng.random_range(0.0..1.0)).collect::<Vec<f64>>();
                let (first, second) = (scores(), scores());
                compare(&first, &second, 300).p_value <= 0.1
            })
            .count();
        // 40, within four standard deviations of a binomial.
        assert!((16..=64).contains(&low), "{low} of 400 with {prompts} prompts");
    }
}

#[test]
fn invalid_comparisons_are_rejected() {
    let (one_prompt, one_row) = (Clusters::by(&["a", "a"]), Clusters::by(&["a"]));
    let of = |first: &[f64], second: &[f64], prompts| {
        PairedComparison::of(first, second, prompts, &Bootstrap::default()).unwrap_err()
    };
    assert_eq!(of(&[], &[], None), Error::Empty("scores"));
    assert!(matches!(of(&[1.0, 2.0], &[1.0], None), Error::Count { expected: 2, found: 1, .. }));
    assert!(matches!(of(&[1.0, f64::NAN], &[1.0; 2], None), Error::NotFinite { row: 2, .. }));
    assert!(matches!(of(&[1.0; 2], &[f64::INFINITY, 1.0], None), Error::NotFinite { row: 1, .. }));
    assert!(matches!(of(&[1.0], &[2.0], None), Error::TooFew { found: 1, .. }));
    assert!(matches!(of(&[1.0; 2], &[2.0; 2], Some(&one_prompt)), Error::TooFew { found: 1, .. }));
    assert!(matches!(of(&[1.0; 2], &[2.0; 2], Some(&one_row)), Error::Count { .. }));
    assert!(matches!(of(&[1e308, 1e308], &[-1e308, 0.0], None), Error::Overflow(..)));
    let few = Bootstrap { resamples: 10, ..Bootstrap::default() };
    let found = PairedComparison::of(&FIRST, &SECOND, None, &few);
    assert!(matches!(found, Err(Error::Option { option: "resamples", .. })));
}

const SCORES: [f64; 8] = [0.3, 1.2, 0.3, -0.5, 2.0, 1.2, 0.0, 1.2];
const OTHER_SCORES: [f64; 8] = [1.0, 0.5, -2.0, -1.0, 3.0, 3.0, 0.25, 0.5];
const LABELS: [bool; 8] = [true, true, false, false, true, false, false, true];

/// scipy.stats.spearmanr(a, b).statistic
/// scipy.stats.mannwhitneyu(a[labels], a[~labels]).statistic / 16
#[test]
fn agreement_equals_that_of_scipy() {
    let rho = spearman(&SCORES, &OTHER_SCORES).unwrap();
    assert!((rho - 0.733046525818879).abs() < 1e-12, "{rho}");
    assert_eq!(roc_auc(&SCORES, &LABELS).unwrap(), 0.84375);
    // Signs differ in row 3, and in row 7, where one is 0.
    assert_eq!(sign_agreement(&SCORES, &OTHER_SCORES).unwrap(), 6.0 / 8.0);
    assert_eq!(sign_agreement(&[0.0, -0.0], &[-0.0, 1.0]).unwrap(), 0.5);
}

#[test]
fn only_the_order_of_scores_matters() {
    let stretched = SCORES.map(|score| score.powi(3) * 100.0 - 7.0);
    let same = spearman(&SCORES, &stretched).unwrap();
    assert!((same - 1.0).abs() < 1e-12, "{same}");
    let turned = spearman(&SCORES, &SCORES.map(|score| -score)).unwrap();
    assert!((turned + 1.0).abs() < 1e-12, "{turned}");
    assert_eq!(roc_auc(&stretched, &LABELS), roc_auc(&SCORES, &LABELS));
    assert_eq!(roc_auc(&SCORES.map(|score| -score), &LABELS).unwrap(), 1.0 - 0.84375);
    assert_eq!(roc_auc(&SCORES, &LABELS.map(|label| !label)).unwrap(), 1.0 - 0.84375);
    assert_eq!(roc_auc(&[2.0; 8], &LABELS).unwrap(), 0.5);
}

#[test]
fn invalid_scores_are_rejected() {
    for of in [spearman, sign_agreement] {
        assert_eq!(of(&[], &[]), Err(Error::Empty("scores")));
        assert!(matches!(of(&[1.0, 2.0], &[1.0]), Err(Error::Count { .. })));
        assert!(matches!(of(&[1.0, f64::NAN], &[1.0, 2.0]), Err(Error::Value { row: 2, .. })));
        assert!(matches!(of(&[1.0, 2.0], &[f64::INFINITY, 2.0]), Err(Error::Value { row: 1, .. })));
    }
    assert!(matches!(spearman(&[1.0], &[2.0]), Err(Error::TooFew { .. })));
    assert!(matches!(spearman(&[1.0, 2.0], &[3.0, 3.0]), Err(Error::Constant(_))));
    assert!(matches!(roc_auc(&[], &[]), Err(Error::Empty(_))));
    assert!(matches!(roc_auc(&[1.0, 2.0], &[true]), Err(Error::Count { .. })));
    assert!(matches!(roc_auc(&[f64::NAN, 2.0], &[true, false]), Err(Error::Value { row: 1, .. })));
    assert!(matches!(roc_auc(&[1.0, 2.0], &[true, true]), Err(Error::Constant("labels"))));
}
