//! Tests whether two samples of counts come from the same distribution.

use std::collections::{BTreeMap, BTreeSet};

/// Cells with fewer counts than this, in both samples together, are pooled.
const LEAST_COUNT: u64 = 20;

/// The p-value of the two-sample chi-square test.
pub fn two_sample_p_value<K: Ord>(a: &BTreeMap<K, u64>, b: &BTreeMap<K, u64>) -> f64 {
    let count = |sample: &BTreeMap<K, u64>, key: &K| sample.get(key).copied().unwrap_or(0);
    let keys: BTreeSet<&K> = a.keys().chain(b.keys()).collect();
    let cells = keys.into_iter().map(|key| (count(a, key), count(b, key)));
    let (mut cells, rare): (Vec<_>, Vec<_>) = cells.partition(|(a, b)| a + b >= LEAST_COUNT);
    let pooled = rare.iter().fold((0, 0), |(a, b), cell| (a + cell.0, b + cell.1));
    if pooled.0 + pooled.1 > 0 {
        cells.push(pooled);
    }
    let ratio = (b.values().sum::<u64>() as f64 / a.values().sum::<u64>() as f64).sqrt();
    let term = |&(a, b): &(u64, u64)| (ratio * a as f64 - b as f64 / ratio).powi(2) / (a + b) as f64;
    let statistic: f64 = cells.iter().map(term).sum();
    if cells.len() < 2 {
        return 1.0;
    }
    survival(statistic, (cells.len() - 1) as f64)
}

/// Probability that a chi-square variable with `df` degrees of freedom exceeds `x`: the regularised upper incomplete
/// gamma function Q(df/2, x/2).
fn survival(x: f64, df: f64) -> f64 {
    let (a, x) = (df / 2.0, x / 2.0);
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        // Power series of the lower function.
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        let mut n = a;
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        1.0 - front * sum
    } else {
        // Continued fraction of the upper function, evaluated from its tail.
        let tail = (1..=2000).rev().map(f64::from).fold(0.0, |tail, i| i * (i - a) / (x + 2.0 * i + 1.0 - a - tail));
        front / (x + 1.0 - a - tail)
    }
}

/// Logarithm of the gamma function, by Stirling's series after shifting the argument up.
fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 0.0;
    while x < 20.0 {
        shift += x.ln();
        x += 1.0;
    }
    let series = 1.0 / (12.0 * x) - 1.0 / (360.0 * x.powi(3)) + 1.0 / (1260.0 * x.powi(5));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series - shift
}

#[test]
fn survival_agrees_with_its_closed_forms() {
    for x in [0.01, 0.5, 1.0, 3.0, 7.5, 20.0, 60.0] {
        let h: f64 = x / 2.0;
        let close = |df: f64, expected: f64| {
            let found = survival(x, df);
            assert!((found - expected).abs() < 1e-12 + 1e-9 * expected, "Q({x}; {df}) = {found}, expected {expected}");
        };
        // For an even df: exp(-h) times the first df/2 terms of exp(h).
        close(2.0, (-h).exp());
        close(4.0, (-h).exp() * (1.0 + h));
        close(8.0, (-h).exp() * (1.0 + h + h * h / 2.0 + h.powi(3) / 6.0));
    }
    // A squared standard normal variable: its 95 % point.
    assert!((survival(1.959_963_984_540_054_f64.powi(2), 1.0) - 0.05).abs() < 1e-9);
    assert!((survival(99.334, 100.0) - 0.5).abs() < 1e-3, "the median is near df - 2/3");
}

#[test]
fn equal_samples_agree_and_shifted_ones_do_not() {
    let even: BTreeMap<u8, u64> = (0..10).map(|k| (k, 100)).collect();
    let tilted: BTreeMap<u8, u64> = (0..10).map(|k| (k, 10 + 20 * u64::from(k))).collect();
    assert!((two_sample_p_value(&even, &even) - 1.0).abs() < 1e-12);
    assert!(two_sample_p_value(&even, &tilted) < 1e-4);
}
