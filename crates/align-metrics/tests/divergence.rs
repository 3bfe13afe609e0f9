//! KL divergence of policies from samples: values of NumPy, distributions with known divergence, and invalid inputs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_metrics::{Clusters, Error, SampleMean, SampledLogps, rao_blackwell_kl};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const WRITER: [f64; 6] = [-10.5, -12.25, -9.0, -11.0, -14.5, -8.0];
const OTHER: [f64; 6] = [-11.0, -12.0, -9.75, -13.0, -14.0, -8.25];

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found}, expected {expected}");
}

/// x = other - writer; r = np.exp(x); k = -x | r - 1 - x | r * x - (r - 1); k.mean(), k.std(ddof=1) / np.sqrt(6)
#[test]
fn estimates_equal_those_of_numpy() {
    let logps = SampledLogps::new(&WRITER, &OTHER, None).unwrap();
    for (found, value, standard_error) in [
        (logps.k1(), 0.4583333333333333, 0.36180488910154024),
        (logps.k3(), 0.27929666102492257, 0.17376683149991826),
        (logps.reverse_kl(), 0.18277933611988495, 0.08631111456769952),
    ] {
        let found = found.unwrap();
        near(found.value, value);
        near(found.standard_error, standard_error);
        assert_eq!((found.n, found.clusters), (6, 6));
    }
    // r.sum()**2 / (r**2).sum()
    near(logps.effective_sample_size().unwrap(), 4.346036372925892);
}

/// k = -x; e = [(k - k.mean())[g == j].sum() for j in range(3)]; np.sqrt(3 / 2 * sum(e**2)) / 6
#[test]
fn texts_of_a_prompt_are_not_independent() {
    let clusters = Clusters::by(&["a", "a", "b", "b", "b", "c"]);
    let found = SampledLogps::new(&WRITER, &OTHER, Some(&clusters)).unwrap().k1().unwrap();
    near(found.standard_error, 0.22853448155422687);
    assert_eq!((found.n, found.clusters), (6, 3));
}

/// Five copies of a text in one cluster have the same standard error as one.
#[test]
fn duplicate_rows_within_a_cluster_add_no_information() {
    let values = [0.5, -1.0, 2.0, 0.25];
    let copies: Vec<f64> = values.iter().flat_map(|x| [*x; 5]).collect();
    let keys: Vec<usize> = (0..20).map(|row| row / 5).collect();
    let once = SampleMean::of(&values, None).unwrap();
    let often = SampleMean::of(&copies, Some(&Clusters::by(&keys))).unwrap();
    near(often.value, once.value);
    near(often.standard_error, once.standard_error);
    assert!(SampleMean::of(&copies, None).unwrap().standard_error < 0.6 * once.standard_error);
}

#[test]
fn a_policy_does_not_diverge_from_itself() {
    let logps = SampledLogps::new(&WRITER, &WRITER, None).unwrap();
    for found in [logps.k1(), logps.k3(), logps.reverse_kl()] {
        let found = found.unwrap();
        assert_eq!((found.value, found.standard_error), (0.0, 0.0));
    }
    near(logps.effective_sample_size().unwrap(), 6.0);
}

/// Two equal texts make the mean the value of each.
#[test]
fn k3_and_the_reverse_kl_are_never_negative() {
    for ratio in [-700.0, -30.0, -1.0, -1e-3, -1e-9, 0.0, 1e-17, 1e-9, 1e-3, 1.0, 30.0, 300.0] {
        let logps = SampledLogps::new(&[-1000.0; 2], &[-1000.0 + ratio; 2], None).unwrap();
        let ratio: f64 = -1000.0 + ratio + 1000.0;
        let (k3, reverse) = (logps.k3().unwrap().value, logps.reverse_kl().unwrap().value);
        assert!(k3 >= 0.0 && reverse >= 0.0, "{ratio}: {k3}, {reverse}");
        if ratio.abs() < 1e-2 {
            // Both are x²/2 to the second order.
            assert!((k3 - ratio * ratio / 2.0).abs() <= ratio.abs().powi(3) + 1e-18, "{ratio}: {k3}");
            assert!((reverse - ratio * ratio / 2.0).abs() <= ratio.abs().powi(3) + 1e-18, "{ratio}: {reverse}");
        }
    }
}

/// Draws from a known distribution: every estimate is within four standard errors of the truth, and the standard error is
/// that of the distribution.
#[test]
fn estimates_of_a_known_distribution_are_unbiased() {
    let (writer, other) = ([0.5, 0.3, 0.2_f64], [0.2, 0.3, 0.5_f64]);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let drawn: Vec<usize> = (0..20_000)
        .map(|_| {
            let u: f64 = rng.random();
            if u < 0.5 { 0 } else { if u < 0.8 { 1 } else { 2 } }
        })
        .collect();
    let of = |p: [f64; 3]| drawn.iter().map(|y| p[*y].ln()).collect::<Vec<f64>>();
    let logps = SampledLogps::new(&of(writer), &of(other), None).unwrap();
    let divergence = 0.3 * 2.5f64.ln(); // of either direction, as it happens
    let spread = |k: fn(f64) -> f64| {
        let values: Vec<(f64, f64)> = writer.iter().zip(other).map(|(p, q)| (*p, k(q / p))).collect();
        let mean: f64 = values.iter().map(|(p, k)| p * k).sum();
        near(mean, divergence);
        (values.iter().map(|(p, k)| p * (k - mean).powi(2)).sum::<f64>() / 20_000.0).sqrt()
    };
    let mut errors = Vec::new();
    for (found, spread) in [
        (logps.k1(), spread(|r| -r.ln())),
        (logps.k3(), spread(|r| r - 1.0 - r.ln())),
        (logps.reverse_kl(), spread(|r| r * r.ln() - (r - 1.0))),
    ] {
        let found = found.unwrap();
        assert!((found.value - divergence).abs() < 4.0 * spread, "{found:?}, expected {divergence} ± {spread}");
        assert!((found.standard_error / spread - 1.0).abs() < 0.05, "{found:?}, expected ± {spread}");
        errors.push(found.standard_error);
    }
    assert!(errors[1] < 0.5 * errors[0], "k3 is the better one here: {errors:?}");
}

/// Texts of two tokens, the second's distribution depending on the first: the sum of exact divergences has the same mean
/// as k1, and less spread.
#[test]
fn the_rao_blackwellised_estimate_has_less_spread() {
    let kl = |p: f64, q: f64| p * (p / q).ln() + (1.0 - p) * ((1.0 - p) / (1.0 - q)).ln();
    // The probability of token 1: at first, after 0, after 1.
    let (writer, other) = ([0.6, 0.3, 0.9], [0.5, 0.5, 0.6]);
    let truth = kl(0.6, 0.5) + 0.4 * kl(0.3, 0.5) + 0.6 * kl(0.9, 0.6);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut token_kls, mut by_writer, mut by_other) = (vec![], vec![], vec![]);
    for _ in 0..4000 {
        let first = rng.random_bool(writer[0]);
        let place = if first { 2 } else { 1 };
        let second = rng.random_bool(writer[place]);
        let logp = |p: [f64; 3]| {
            let of = |p: f64, token: bool| if token { p.ln() } else { (1.0 - p).ln() };
            of(p[0], first) + of(p[place], second)
        };
        token_kls.push([kl(0.6, 0.5), kl(writer[place], other[place])]);
        by_writer.push(logp(writer));
        by_other.push(logp(other));
    }
    let blackwell = rao_blackwell_kl(&token_kls, None).unwrap();
    let k1 = SampledLogps::new(&by_writer, &by_other, None).unwrap().k1().unwrap();
    for found in [blackwell, k1] {
        assert!((found.value - truth).abs() < 4.0 * found.standard_error, "{found:?}, expected {truth}");
    }
    assert!(blackwell.standard_error < 0.5 * k1.standard_error, "{blackwell:?} {k1:?}");
}

/// e^800 is not a float, e^400 is and its square is not; k1 needs neither.
#[test]
fn ratios_that_are_too_large_are_named() {
    for log_ratio in [800.0, 400.0] {
        let logps = SampledLogps::new(&[-1.0, -900.0, -2.0], &[-1.0, -900.0 + log_ratio, -2.0], None).unwrap();
        assert_eq!(logps.k3(), Err(Error::RatioOverflow { row: 2, log_ratio }));
        assert_eq!(logps.reverse_kl(), Err(Error::RatioOverflow { row: 2, log_ratio }));
        near(logps.k1().unwrap().value, -log_ratio / 3.0);
        near(logps.effective_sample_size().unwrap(), 1.0);
    }
}

#[test]
fn invalid_log_probabilities_are_rejected() {
    let of = |writer: &[f64], other: &[f64]| SampledLogps::new(writer, other, None).map(|_| ()).unwrap_err();
    assert!(matches!(of(&[-1.0, -2.0], &[-1.0]), Error::Count { expected: 2, found: 1, .. }));
    assert!(matches!(of(&[-1.0, f64::NAN], &[-1.0; 2]), Error::Value { row: 2, .. }));
    assert!(matches!(of(&[-1.0; 2], &[f64::NEG_INFINITY, -1.0]), Error::Value { row: 1, .. }));
    let negated = of(&[10.5, 12.0], &[11.0, 12.5]).to_string();
    assert_eq!(negated, "row 1: the writer's log-probability is 10.5, expected at most 0");
    let clusters = Clusters::by(&[1, 1, 2]);
    let found = SampledLogps::new(&[-1.0; 2], &[-1.0; 2], Some(&clusters)).map(|_| ());
    assert!(matches!(found, Err(Error::Count { expected: 2, found: 3, .. })));
}

#[test]
fn too_few_texts_for_a_standard_error_are_rejected() {
    for (clusters, texts) in [(None, 0), (None, 1), (Some(Clusters::by(&[7, 7, 7])), 3)] {
        let logps = vec![-1.0; texts];
        let found = SampledLogps::new(&logps, &logps, clusters.as_ref()).unwrap().k1();
        assert!(matches!(found, Err(Error::TooFew { least: 2, .. })), "{found:?}");
        let found = rao_blackwell_kl(&vec![[0.5]; texts], clusters.as_ref());
        assert!(matches!(found, Err(Error::TooFew { least: 2, .. })), "{found:?}");
    }
    assert_eq!(SampledLogps::new(&[], &[], None).unwrap().effective_sample_size(), Err(Error::Empty("texts")));
    assert_eq!(SampleMean::of(&[1e200, -1e200], None), Err(Error::Overflow("values", "squares")));
    for wrong in [f64::NAN, f64::INFINITY, -0.5] {
        let found = rao_blackwell_kl(&[vec![0.1], vec![0.1, wrong]], None);
        assert!(matches!(found, Err(Error::Value { row: 2, .. })), "{found:?}");
    }
}
