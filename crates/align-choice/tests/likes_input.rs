//! Priors out of counts, exposures, names and invalid input of likes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_base::random::generator;
use align_choice::likes::{Attention, Counts, Evidence, Exposure, LikesError, Measure, Posterior, Prior};
use rand::RngExt;
use rand_distr::{Beta, Binomial, Distribution, Gamma, Poisson};

#[test]
fn a_prior_is_recovered_from_counts_with_views() {
    for (alpha, beta) in [(2.0, 38.0), (0.5, 4.5), (30.0, 30.0)] {
        let mut rng = generator(5, "recovered shares", alpha as u64);
        let mut text = || {
            let trials = 10f64.powf(rng.random_range(1.0..3.0)).floor();
            let share = Beta::new(alpha, beta).unwrap().sample(&mut rng);
            let likes = Binomial::new(trials as u64, share).unwrap().sample(&mut rng) as f64;
            Evidence::OutOf { likes, trials }
        };
        let evidence: Vec<Evidence> = (0..4000).map(|_| text()).collect();
        let prior = Prior::estimate(&evidence).unwrap();
        let Prior::Beta { alpha: found_alpha, beta: found_beta } = prior else { panic!("{prior}") };
        let mean = prior.mean() / (alpha / (alpha + beta));
        let strength = (found_alpha + found_beta) / (alpha + beta);
        assert!((mean - 1.0).abs() < 0.05 && (strength - 1.0).abs() < 0.15, "{prior}, expected {alpha}, {beta}");
    }
}

#[test]
fn a_prior_is_recovered_from_counts_without_views() {
    for (shape, rate) in [(2.0, 4.0), (0.5, 0.05), (20.0, 1.0)] {
        let mut rng = generator(6, "recovered rates", shape as u64);
        let mut text = || {
            let exposure = 10f64.powf(rng.random_range(-1.0..1.0));
            let mean = exposure * Gamma::new(shape, 1.0 / rate).unwrap().sample(&mut rng);
            let likes = if mean > 0.0 { Poisson::new(mean).unwrap().sample(&mut rng) } else { 0.0 };
            Evidence::During { likes, exposure }
        };
        let evidence: Vec<Evidence> = (0..6000).map(|_| text()).collect();
        let prior = Prior::estimate(&evidence).unwrap();
        let Prior::Gamma { shape: found_shape, .. } = prior else { panic!("{prior}") };
        let mean = prior.mean() / (shape / rate);
        assert!(
            (mean - 1.0).abs() < 0.1 && (found_shape / shape - 1.0).abs() < 0.2,
            "{prior}, expected {shape}, {rate}"
        );
    }
}

/// Texts that do not differ more than by chance have a prior that counts as much as many texts.
#[test]
fn equal_texts_have_a_narrow_prior() {
    let mut rng = generator(7, "equal texts", 0);
    let mut text = || Evidence::OutOf { likes: Binomial::new(50, 0.2).unwrap().sample(&mut rng) as f64, trials: 50.0 };
    let evidence: Vec<Evidence> = (0..2000).map(|_| text()).collect();
    let Prior::Beta { alpha, beta } = Prior::estimate(&evidence).unwrap() else { panic!() };
    assert!(alpha + beta > 1000.0, "{alpha}, {beta}");
}

#[test]
fn exposures() {
    let hours = |attention, as_of: Option<f64>, time: f64| {
        Exposure { attention, half_life: 5.0, as_of: as_of.map(|hours| 3600.0 * hours) }
            .hours(3600.0 * time, 0.0)
            .unwrap()
    };
    let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-12, "{a}, expected {b}");
    let all = 5.0 / std::f64::consts::LN_2;
    close(hours(Attention::Thread, None, 0.0), all);
    close(hours(Attention::Thread, None, 10.0), all / 4.0);
    // Half of it in the first five hours.
    close(hours(Attention::Thread, Some(5.0), 0.0), all / 2.0);
    close(hours(Attention::Thread, Some(15.0), 10.0), all / 8.0);
    // At least a hundredth.
    close(hours(Attention::Thread, None, 1000.0), all / 100.0);
    close(hours(Attention::Text, Some(15.0), 10.0), all / 2.0);
    close(hours(Attention::Text, Some(20.0), 10.0), all * 0.75);
    // A moment of full attention.
    assert!((hours(Attention::Text, Some(10.001), 10.0) / 0.001 - 1.0).abs() < 1e-4);
    assert_eq!(hours(Attention::Equal, None, 3.0), 1.0);
}

#[test]
fn names() {
    for (measure, name) in Measure::ALL {
        assert_eq!((measure.to_string().as_str(), name.parse::<Measure>().unwrap()), (name, measure));
        assert_eq!(serde_json::to_string(&measure).unwrap(), format!("{name:?}"));
    }
    for (attention, name) in Attention::ALL {
        assert_eq!((attention.to_string().as_str(), name.parse::<Attention>().unwrap()), (name, attention));
        assert_eq!(serde_json::to_string(&attention).unwrap(), format!("{name:?}"));
    }
    assert_eq!(
        "views".parse::<Measure>().unwrap_err().to_string(),
        "option measure: expected per-view, approval or per-time, found \"views\""
    );
    assert_eq!(
        "age".parse::<Attention>().unwrap_err().to_string(),
        "option attention: expected thread, text or equal, found \"age\""
    );
}

#[test]
fn counts_that_cannot_be() {
    let message = |likes, dislikes, views| Counts { likes, dislikes, views }.check().unwrap_err().to_string();
    for wrong in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e16] {
        let expected = format!("is {wrong}, expected a whole number from 0 to 2^53");
        assert_eq!(message(wrong, None, None), format!("likes {expected}"));
        assert_eq!(message(1.0, Some(wrong), None), format!("dislikes {expected}"));
        assert_eq!(message(1.0, None, Some(wrong)), format!("views {expected}"));
    }
    assert_eq!(message(5.0, None, Some(4.0)), "found 5 likes and 4 views, expected at most one like per view");
    assert_eq!(
        message(3.0, Some(2.0), Some(4.0)),
        "found 3 likes, 2 dislikes and 4 views, expected at most one reaction per view"
    );
    let counts = Counts { likes: 1.0, ..Counts::default() };
    let message = |measure, exposure| counts.evidence(measure, exposure).unwrap_err().to_string();
    assert_eq!(message(Measure::PerView, 1.0), "the measure per-view needs views, which the texts do not have");
    assert_eq!(message(Measure::Approval, 1.0), "the measure approval needs dislikes, which the texts do not have");
    for wrong in [0.0, -1.0, f64::NAN] {
        assert_eq!(
            message(Measure::PerTime, wrong),
            format!("the exposure is {wrong}, expected a finite number above 0")
        );
    }
}

#[test]
fn times_that_cannot_be() {
    let exposure = Exposure { attention: Attention::Thread, half_life: 5.0, as_of: Some(1000.0) };
    let message = |exposure: Exposure, time, start| exposure.hours(time, start).unwrap_err().to_string();
    assert_eq!(
        message(exposure, 1000.0, 0.0),
        "the time is 1000 s since 1970, expected a time before 1000 s, when the likes were counted"
    );
    assert!(message(exposure, 900_000.0, 0.0).ends_with("counted: give seconds; this seems to be in milliseconds"));
    assert_eq!(message(exposure, f64::NAN, 0.0), "the time is NaN, expected a finite number of seconds since 1970");
    assert_eq!(
        message(exposure, 5.0, 6.0),
        "the time is 5 s since 1970, expected a time from 6 s on, when the thread began"
    );
    for half_life in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(
            message(Exposure { half_life, ..exposure }, 1.0, 0.0),
            format!("option half_life: expected a number of hours above 0, found {half_life}")
        );
    }
    let unknown = Exposure { attention: Attention::Text, as_of: None, ..exposure };
    assert!(message(unknown, 1.0, 0.0).starts_with("option as_of: expected the time of the counts"));
}

#[test]
fn priors_that_cannot_be() {
    let out_of = |likes, trials| Evidence::OutOf { likes, trials };
    let message = |evidence: &[Evidence]| Prior::estimate(evidence).unwrap_err().to_string();
    let few =
        "no prior can be estimated, because fewer than two texts have views, reactions or exposure: give one (`prior`)";
    assert_eq!(message(&[]), few);
    assert_eq!(message(&[out_of(1.0, 2.0), out_of(0.0, 0.0)]), few);
    assert_eq!(
        message(&[out_of(0.0, 5.0); 3]),
        "no prior can be estimated, because no text has a like: give one (`prior`)"
    );
    assert!(message(&[out_of(5.0, 5.0); 3]).contains("every view or reaction is a like"));
    assert!(message(&[out_of(0.0, 1.0), out_of(1.0, 1.0)]).contains("a single view or reaction"));
    let during = Evidence::During { likes: 1.0, exposure: 1.0 };
    assert_eq!(Prior::estimate(&[during, out_of(1.0, 2.0)]).unwrap_err(), LikesError::DifferentMeasures);
    for (first, second) in [(0.0, 1.0), (1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let error = Prior::new(&during, first, second).unwrap_err().to_string();
        assert_eq!(error, format!("option prior: expected two numbers from 1e-6 to 1e12, found {first},{second}"));
    }
}

#[test]
fn posteriors_that_cannot_be() {
    let (beta, gamma) = (Prior::Beta { alpha: 1.0, beta: 1.0 }, Prior::Gamma { shape: 1.0, rate: 1.0 });
    let of = |prior: &Prior, evidence| Posterior::new(prior, &evidence);
    let share = of(&beta, Evidence::OutOf { likes: 1.0, trials: 2.0 }).unwrap();
    let rate = of(&gamma, Evidence::During { likes: 1.0, exposure: 2.0 }).unwrap();
    assert_eq!(share.probability_above(&rate).unwrap_err(), LikesError::DifferentMeasures);
    for level in [0.0, 1.0, f64::NAN, 90.0] {
        assert!(
            share
                .credible_bounds(level)
                .unwrap_err()
                .to_string()
                .starts_with("option credible_level: expected a number")
        );
        assert!(share.quantile(level).is_err());
    }
    for wrong in [
        of(&gamma, Evidence::OutOf { likes: 1.0, trials: 2.0 }),
        of(&beta, Evidence::During { likes: 1.0, exposure: 2.0 }),
        of(&beta, Evidence::OutOf { likes: 3.0, trials: 2.0 }),
        of(&beta, Evidence::OutOf { likes: f64::NAN, trials: 2.0 }),
        of(&beta, Evidence::OutOf { likes: 1.0, trials: f64::INFINITY }),
        of(&gamma, Evidence::During { likes: 1.0, exposure: f64::NAN }),
        of(&gamma, Evidence::During { likes: -1.0, exposure: 1.0 }),
    ] {
        assert!(wrong.is_err(), "{wrong:?}");
    }
}
