//! Pairs out of likes in a simulation with known tastes: by counts, by rates, and by the posterior probability.
//!
//! ```sh
//! cargo run --release -p align-choice --example likes
//! ```

mod seed_mean;
mod simulation;
mod taste_model;

use seed_mean::{SEEDS, SeedMean};
use simulation::{METHODS, Method, Score, Setting, run};
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let settings = [
        (Setting::Views, "views known, independent of quality"),
        (Setting::ViewsByQuality, "views known, more for better texts"),
        (Setting::Times, "times known, attention halves every 6 h"),
    ];
    for (setting, title) in settings {
        let seeds = (0..SEEDS).map(|seed| run(setting, seed)).collect::<Result<Vec<_>, _>>()?;
        writeln!(
            out,
            "{title}\n  {:52}{:>7}  {:14}{:10}accuracy of a model",
            "pairs by", "pairs", "accuracy", "expected"
        )?;
        for (at, method) in METHODS.iter().enumerate() {
            let scores: Vec<Score> = seeds.iter().filter_map(|scores| scores.get(at).copied()).collect();
            let mean = |number: fn(&Score) -> f64| SeedMean::of(&scores.iter().map(number).collect::<Vec<_>>());
            let pairs = mean(|score| score.pairs as f64).mean;
            let (own, model) = (mean(|score| score.accuracy), mean(|score| score.model_accuracy));
            let expected = 100.0 * mean(|score| score.expected_accuracy).mean;
            let expected = if is_certain(*method) { String::new() } else { format!("{expected:.1}%") };
            writeln!(out, "  {:52}{pairs:7.0}  {:14}{expected:10}{model}", name(*method), own.to_string())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Whether the method has no probabilities.
fn is_certain(method: Method) -> bool {
    !matches!(method, Method::Posterior | Method::KeptPosterior)
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Counts => "counts",
        Method::Rates => "likes per view or exposure",
        Method::Posterior => "posterior, all pairs",
        Method::KeptCounts => "counts, greatest ratios, as many as the last row",
        Method::KeptRates => "rates, greatest ratios, as many as the last row",
        Method::KeptPosterior => "posterior, probability of at least 0.9",
    }
}
