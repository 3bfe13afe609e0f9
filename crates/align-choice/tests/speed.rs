//! The time that each rule takes for the texts of 1,000 prompts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use align_choice::{Judge, Options, Rule, ScoreTable};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

/// Greatest time for all prompts, in seconds. Builds for development check more.
const LIMIT: f64 = if cfg!(debug_assertions) { 10.0 } else { 2.0 };

/// Texts by judges that see the same quality with noise. Scores have a number of decimal places.
fn tables(prompts: usize, texts: usize, judges: usize, noise: f64, places: i32) -> Vec<ScoreTable> {
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let round = |score: f64| (score * 10f64.powi(places)).round() / 10f64.powi(places);
    let mut table = || {
        let quality: Vec<f64> = (0..texts).map(|_| rng.random_range(0.0..1.0)).collect();
        let judges = (0..judges).map(|judge| {
            let scores: Vec<f64> = quality.iter().map(|q| round(q + noise * rng.random_range(0.0..1.0))).collect();
            Judge::new(format!("j{judge}"), scores)
        });
        ScoreTable::new((0..texts).map(|at| format!("text {at}")), judges.collect::<Vec<_>>()).unwrap()
    };
    (0..prompts).map(|_| table()).collect()
}

#[test]
fn a_thousand_prompts_with_fifty_texts_and_seven_judges() {
    let mut rules = Rule::all();
    rules.push("threshold:j0>=1:schulze".parse().unwrap());
    // Judges that agree in part, judges that do not, and an even number of judges with many ties.
    for (judges, noise, places) in [(7, 2.0, 9), (7, 1e6, 9), (6, 2.0, 1)] {
        let tables = tables(1000, 50, judges, noise, places);
        for rule in &rules {
            let start = Instant::now();
            let winners: usize =
                tables.iter().map(|table| rule.apply(table, &Options::default()).unwrap().winners.len()).sum();
            let seconds = start.elapsed().as_secs_f64();
            println!("{judges} judges, noise {noise}, {rule}: {seconds:.3} s, {winners} winners");
            assert!(seconds < LIMIT, "{rule}: {seconds} s");
        }
    }
}
