//! Posteriors of likes against closed forms, a second plain implementation and properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_base::random::generator;
use align_choice::likes::{Evidence, Posterior, Prior};
use rand::RngExt;

/// A beta distribution, whose parameters may be below 1.
fn beta(alpha: f64, beta: f64) -> Posterior {
    let none = Evidence::OutOf { likes: 0.0, trials: 0.0 };
    Posterior::new(&Prior::Beta { alpha, beta }, &none).unwrap()
}

fn gamma(shape: f64, rate: f64) -> Posterior {
    let none = Evidence::During { likes: 0.0, exposure: 0.0 };
    Posterior::new(&Prior::Gamma { shape, rate }, &none).unwrap()
}

fn above(a: &Posterior, b: &Posterior) -> f64 {
    a.probability_above(b).unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance, "{what}: {found}, expected {expected}");
}

/// The logarithms of the factorials up to a number.
fn log_factorials(largest: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mut logs = vec![0.0];
    for n in 1..=largest {
        sum += (n as f64).ln();
        logs.push(sum);
    }
    logs
}

#[test]
fn shares_with_whole_parameters_are_an_exact_sum() {
    let log = log_factorials(3000);
    // ln B(a, b)
    let log_beta = |a: usize, b: usize| log[a - 1] + log[b - 1] - log[a + b - 1];
    // P(B > A) of beta distributions is a finite sum (Miller, 2015).
    let exact = |a: (usize, usize), b: (usize, usize)| -> f64 {
        let term = |i: usize| {
            log_beta(a.0 + i, a.1 + b.1) - ((b.1 + i) as f64).ln() - log_beta(1 + i, b.1) - log_beta(a.0, a.1)
        };
        (0..b.0).map(|i| term(i).exp()).sum()
    };
    let mut rng = generator(1, "beta", 0);
    for _ in 0..300 {
        let mut draw =
            || (1 + (rng.random::<f64>().powi(3) * 500.0) as usize, 1 + (rng.random::<f64>().powi(2) * 900.0) as usize);
        let (a, b) = (draw(), draw());
        let found = above(&beta(b.0 as f64, b.1 as f64), &beta(a.0 as f64, a.1 as f64));
        close(found, exact(a, b), 1e-8, &format!("{b:?} above {a:?}"));
    }
}

#[test]
fn rates_with_whole_shapes_are_an_exact_sum() {
    let log = log_factorials(4_000_000);
    // Of two Poisson processes, the b-th event of the second comes before the a-th of the first: at least b of a + b - 1 events are its own.
    let exact = |(a, a_rate): (usize, f64), (b, b_rate): (usize, f64)| -> f64 {
        let n = a + b - 1;
        let (p, q) = ((b_rate / (a_rate + b_rate)).ln(), (a_rate / (a_rate + b_rate)).ln());
        (b..=n).map(|k| (log[n] - log[k] - log[n - k] + k as f64 * p + (n - k) as f64 * q).exp()).sum()
    };
    let mut rng = generator(2, "gamma", 0);
    let mut cases: Vec<((usize, f64), (usize, f64))> =
        vec![((1_000_000, 1.0), (999_000, 1.0)), ((2, 1e-6), (1_500_000, 1.0)), ((1_000_000, 1000.0), (3, 0.002))];
    for _ in 0..300 {
        let mut draw = || (1 + (rng.random::<f64>().powi(4) * 5000.0) as usize, 0.01 + rng.random::<f64>() * 100.0);
        cases.push((draw(), draw()));
    }
    for (a, b) in cases {
        let found = above(&gamma(a.0 as f64, a.1), &gamma(b.0 as f64, b.1));
        // The terms of the sum of a million are exact to 1e-9 only.
        close(found, exact(a, b), if a.0 > 10_000 { 1e-6 } else { 1e-8 }, &format!("{a:?} above {b:?}"));
    }
}

#[test]
fn powers_and_exponential_distributions_have_closed_forms() {
    for a in [1e-5, 0.01, 0.3, 1.0, 2.5, 40.0] {
        for c in [1e-5, 0.02, 0.9, 7.0] {
            // x^a and x^c are uniform; -ln x are exponential distributions.
            close(above(&beta(a, 1.0), &beta(c, 1.0)), a / (a + c), 1e-8, &format!("beta({a}, 1) above beta({c}, 1)"));
            close(above(&beta(1.0, a), &beta(1.0, c)), c / (a + c), 1e-8, &format!("beta(1, {a}) above beta(1, {c})"));
            close(above(&gamma(1.0, a), &gamma(1.0, c)), c / (a + c), 1e-8, &format!("rates {a} and {c}"));
        }
        for p in [1e-4, 0.05, 0.5, 0.95, 0.999] {
            // The distribution function at the quantile.
            let share = |first: f64, second: f64| beta(first, second).quantile(p).unwrap();
            close(-(-a * gamma(1.0, a).quantile(p).unwrap()).exp_m1(), p, 1e-8, &format!("gamma(1, {a})"));
            // Below, the quantile is rounded to 0 or 1.
            if a > 0.2 {
                close(-(a * (-share(1.0, a)).ln_1p()).exp_m1(), p, 1e-8, &format!("beta(1, {a})"));
                close(share(a, 1.0).powf(a), p, 1e-8, &format!("beta({a}, 1)"));
            }
        }
    }
    let (low, high) = gamma(1.0, 1.0).credible_bounds(0.9).unwrap();
    close(low, -(0.95f64.ln()), 1e-8, "lower bound");
    close(high, -(0.05f64.ln()), 1e-7, "upper bound");
}

/// P(A > B) of beta distributions by the midpoint rule on the log-odds, without any of the library's tricks.
fn plain_probability(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (low, high, steps) = (-400.0, 60.0, 920_000);
    let h = (high - low) / f64::from(steps);
    let density = |(alpha, beta): (f64, f64), u: f64| -> f64 {
        let log_share = if u > 0.0 { -(-u).exp().ln_1p() } else { u - u.exp().ln_1p() };
        alpha * log_share + beta * (log_share - u)
    };
    let nodes = || (0..steps).map(|i| low + (f64::from(i) + 0.5) * h);
    let greatest = |p| nodes().map(|u| density(p, u)).fold(f64::MIN, f64::max);
    let (top_a, top_b) = (greatest(a), greatest(b));
    let (mut total_a, mut total_b, mut sum) = (0.0, 0.0, 0.0);
    for u in nodes() {
        let (mass_a, mass_b) = ((density(a, u) - top_a).exp(), (density(b, u) - top_b).exp());
        sum += mass_a * (total_b + mass_b / 2.0);
        total_a += mass_a;
        total_b += mass_b;
    }
    sum / total_a / total_b
}

#[test]
fn shares_agree_with_a_plain_integral() {
    let prior = (0.13, 37.0);
    let counts = [(0.0, 3.0), (0.0, 40_000.0), (1.0, 10.0), (1.0, 5000.0), (90.0, 2000.0), (12_000.0, 400_000.0)];
    let mut checked = 0;
    for (at, a) in counts.iter().enumerate() {
        for b in &counts[..at] {
            let of = |(likes, trials): (f64, f64)| (prior.0 + likes, prior.1 + trials - likes);
            let (a, b) = (of(*a), of(*b));
            let (found, expected) = (above(&beta(a.0, a.1), &beta(b.0, b.1)), plain_probability(a, b));
            close(found, expected, 1e-6, &format!("{a:?} above {b:?}"));
            checked += usize::from((0.001..0.999).contains(&found));
        }
    }
    assert!(checked >= 8, "{checked} probabilities are not near 0 or 1");
}

#[test]
fn probabilities_have_their_symmetries() {
    let mut rng = generator(3, "symmetry", 0);
    for _ in 0..500 {
        let prior = Prior::Beta {
            alpha: 10f64.powf(rng.random_range(-3.0..1.0)),
            beta: 10f64.powf(rng.random_range(-1.0..3.0)),
        };
        let mut counts = || {
            let trials = 10f64.powf(rng.random_range(0.0..7.0)).floor();
            ((trials * rng.random::<f64>().powi(4)).floor(), trials)
        };
        let of = |(likes, trials)| Posterior::new(&prior, &Evidence::OutOf { likes, trials }).unwrap();
        let (a, b) = (counts(), counts());
        let p = above(&of(a), &of(b));
        assert_eq!(p + above(&of(b), &of(a)), 1.0, "{a:?} {b:?}");
        assert_eq!(above(&of(a), &of(a)), 0.5);
        if a.0 < a.1 {
            let more = above(&of((a.0 + 1.0, a.1)), &of(b));
            assert!(more >= p - 1e-9, "{a:?} with one more like above {b:?}: {more}, {p}");
            assert!(!(0.001..0.999).contains(&p) || more > p, "{a:?} {b:?}");
        }
        let fewer = above(&of((a.0, a.1 + 10.0)), &of(b));
        assert!(fewer <= p + 1e-9, "{a:?} with ten more views above {b:?}: {fewer}, {p}");
    }
}

#[test]
fn rates_do_not_depend_on_the_unit_of_time() {
    let mut rng = generator(4, "unit", 0);
    for _ in 0..200 {
        let mut draw = || ((rng.random::<f64>().powi(3) * 300.0).floor(), 0.1 + 50.0 * rng.random::<f64>());
        let (a, b) = (draw(), draw());
        let of = |unit: f64, (likes, exposure): (f64, f64)| {
            let prior = Prior::Gamma { shape: 0.4, rate: 0.2 * unit };
            Posterior::new(&prior, &Evidence::During { likes, exposure: exposure * unit }).unwrap()
        };
        let p = above(&of(1.0, a), &of(1.0, b));
        assert_eq!(p + above(&of(1.0, b), &of(1.0, a)), 1.0);
        close(above(&of(3600.0, a), &of(3600.0, b)), p, 1e-9, &format!("{a:?} {b:?}"));
        let longer = above(&of(1.0, (a.0, a.1 * 2.0)), &of(1.0, b));
        assert!(longer <= p, "{a:?} seen twice as long, above {b:?}: {longer}, {p}");
    }
}

#[test]
fn a_beta_distribution_is_mirrored_by_exchanging_likes_and_others() {
    for (a, b) in [((3.0, 0.2), (80.0, 7.5)), ((0.05, 200.0), (5.05, 9000.0)), ((1e6, 3e6), (1.001e6, 3e6))] {
        let mirrored = above(&beta(b.1, b.0), &beta(a.1, a.0));
        close(above(&beta(a.0, a.1), &beta(b.0, b.1)), mirrored, 1e-8, &format!("{a:?} {b:?}"));
        let (median, other) = (beta(a.0, a.1).quantile(0.3).unwrap(), beta(a.1, a.0).quantile(0.7).unwrap());
        close(median, 1.0 - other, 1e-8, &format!("{a:?}"));
    }
}
