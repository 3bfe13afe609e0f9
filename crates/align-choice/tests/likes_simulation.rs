//! In a simulation with known tastes, pairs by the posterior probability are right more often than pairs by counts, beyond chance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../examples/likes/seed_mean.rs"]
mod seed_mean;
#[path = "../examples/likes/simulation.rs"]
mod simulation;
#[path = "../examples/likes/taste_model.rs"]
mod taste_model;

use seed_mean::{SEEDS, SeedMean};
use simulation::{METHODS, Method, Score, Setting, run};

const SETTINGS: [Setting; 3] = [Setting::Views, Setting::ViewsByQuality, Setting::Times];

fn seeds(setting: Setting) -> Vec<Vec<Score>> {
    (0..SEEDS).map(|seed| run(setting, seed).unwrap()).collect()
}

/// The mean difference between two methods over seeds.
fn gain(seeds: &[Vec<Score>], better: Method, than: Method, number: fn(&Score) -> f64) -> SeedMean {
    let of = |scores: &[Score], method| number(&scores[METHODS.iter().position(|m| *m == method).unwrap()]);
    SeedMean::of(&seeds.iter().map(|scores| of(scores, better) - of(scores, than)).collect::<Vec<_>>())
}

#[test]
fn the_posterior_is_right_more_often_than_counts() {
    for setting in SETTINGS {
        let seeds = seeds(setting);
        let kept = gain(&seeds, Method::KeptPosterior, Method::KeptCounts, |score| score.pairs as f64);
        assert_eq!((kept.mean, kept.half_width), (0.0, 0.0));
        for (better, than) in [
            (Method::Posterior, Method::Counts),
            // As many pairs.
            (Method::KeptPosterior, Method::KeptCounts),
            (Method::KeptPosterior, Method::KeptRates),
        ] {
            let gain = gain(&seeds, better, than, |score| score.accuracy);
            assert!(gain.mean - gain.half_width > 0.0, "{setting:?}: {better:?} beats {than:?} by {gain}");
        }
        let gain = gain(&seeds, Method::KeptPosterior, Method::KeptCounts, |score| score.model_accuracy);
        assert!(gain.mean - gain.half_width > 0.0, "{setting:?}: a model gains {gain}");
    }
}

/// If views have nothing to do with quality, as the prior assumes, the probabilities are right.
#[test]
fn probabilities_are_calibrated() {
    for setting in [Setting::Views, Setting::Times] {
        let seeds = seeds(setting);
        for method in [Method::Posterior, Method::KeptPosterior] {
            let at = METHODS.iter().position(|m| *m == method).unwrap();
            let excess = seeds.iter().map(|scores| scores[at].accuracy - scores[at].expected_accuracy);
            let excess = SeedMean::of(&excess.collect::<Vec<_>>());
            // The true distribution of shares is logit-normal and that of rates log-normal, so that the prior is not exact.
            assert!(excess.mean.abs() < 0.015 + excess.half_width, "{setting:?}, {method:?}: {excess}");
        }
    }
}
