//! Pairing: the pairs of each strategy, the report, and the effect of the seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::pairing::{PairOptions, PairStrategy, PairingReport, SkipReason, pair};
use align_data::{PreferencePair, ScoredText};
use std::collections::{HashMap, HashSet};

fn rows(prompt: &str, texts: &[(&str, f64)]) -> Vec<ScoredText> {
    texts.iter().map(|(text, score)| ScoredText::new(prompt, *text, *score)).collect()
}

fn options(strategy: PairStrategy, pairs_per_prompt: usize, seed: u64) -> PairOptions {
    PairOptions { strategy, pairs_per_prompt: Some(pairs_per_prompt), seed }
}

fn sides(pairs: &[PreferencePair]) -> Vec<(&str, &str)> {
    pairs.iter().map(|pair| (pair.chosen.as_str(), pair.rejected.as_str())).collect()
}

/// Each pair has two rows of one prompt, and the better one is chosen.
fn check_pairs(rows: &[ScoredText], pairs: &[PreferencePair], report: &PairingReport) {
    assert_eq!(report.pairs, pairs.len());
    for pair in pairs {
        let (chosen, rejected) = (pair.chosen_score.unwrap(), pair.rejected_score.unwrap());
        assert!(chosen > rejected);
        assert_ne!(pair.chosen, pair.rejected);
        assert!(rows.contains(&ScoredText::new(&pair.prompt, &pair.chosen, chosen)));
        assert!(rows.contains(&ScoredText::new(&pair.prompt, &pair.rejected, rejected)));
    }
}

#[test]
fn random_draws_each_pair_of_rows_equally_often() {
    let rows = rows("p", &[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0)]);
    let (pairs, report) = pair(&rows, &options(PairStrategy::Random, 6000, 1)).unwrap();
    check_pairs(&rows, &pairs, &report);
    let mut counts: HashMap<(&str, &str), usize> = HashMap::new();
    for sides in sides(&pairs) {
        *counts.entry(sides).or_default() += 1;
    }
    assert_eq!(counts.len(), 6);
    // Chi-square with 5 degrees of freedom exceeds 25.7 for one in 10,000 seeds.
    let chi: f64 = counts.values().map(|&count| (count as f64 - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi < 25.7, "{chi}: {counts:?}");
    assert_eq!(report.repeated_pairs, 6000 - 6);
    assert_eq!((report.tied, report.identical, report.missing_pairs), (0, 0, 0));
}

#[test]
fn draws_depend_on_the_seed_and_not_on_other_prompts() {
    let mut all = rows("p", &[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)]);
    let draw = |rows: &[ScoredText], seed| pair(rows, &options(PairStrategy::Random, 20, seed)).unwrap().0;
    let first = draw(&all, 7);
    assert_eq!(first, draw(&all, 7));
    assert_ne!(first, draw(&all, 8));
    all.extend(rows("q", &[("x", 0.0), ("y", 1.0)]));
    assert_eq!(first, draw(&all, 7)[..20]);
}

#[test]
fn prompts_come_in_the_order_of_their_first_row() {
    let mut all = rows("z", &[("a", 1.0)]);
    all.extend(rows("b", &[("c", 1.0), ("d", 2.0)]));
    all.extend(rows("z", &[("e", 0.0)]));
    let (pairs, _) = pair(&all, &PairOptions::new(PairStrategy::BestWorst)).unwrap();
    assert_eq!(pairs.iter().map(|pair| pair.prompt.as_str()).collect::<Vec<_>>(), ["z", "b"]);
}

#[test]
fn best_worst_pairs_from_the_ends_inwards() {
    let rows = rows("p", &[("third", 3.0), ("worst", -1.0), ("best", 9.0), ("second", 4.0), ("fourth", 0.5)]);
    let (pairs, report) = pair(&rows, &PairOptions::new(PairStrategy::BestWorst)).unwrap();
    assert_eq!(sides(&pairs), [("best", "worst")]);
    assert_eq!(report.missing_pairs, 0);
    let (pairs, report) = pair(&rows, &options(PairStrategy::BestWorst, 5, 0)).unwrap();
    assert_eq!(sides(&pairs), [("best", "worst"), ("second", "fourth")]);
    assert_eq!(report.missing_pairs, 3);
}

#[test]
fn margin_makes_all_pairs_above_it_and_none_at_it() {
    let rows = rows("p", &[("a", 0.0), ("b", 1.0), ("c", 1.5), ("d", 2.5)]);
    let (pairs, report) = pair(&rows, &PairOptions::new(PairStrategy::MarginAbove { margin: 1.0 })).unwrap();
    assert_eq!(sides(&pairs), [("c", "a"), ("d", "a"), ("d", "b")]);
    check_pairs(&rows, &pairs, &report);
    let (some, _) = pair(&rows, &options(PairStrategy::MarginAbove { margin: 1.0 }, 2, 3)).unwrap();
    assert_eq!(some.len(), 2);
    assert!(some.iter().all(|pair| pairs.contains(pair)));
    let chosen: HashSet<String> = (0..50)
        .flat_map(|seed| pair(&rows, &options(PairStrategy::MarginAbove { margin: 1.0 }, 1, seed)).unwrap().0)
        .map(|pair| pair.chosen + &pair.rejected)
        .collect();
    assert_eq!(chosen.len(), 3, "each pair above the margin comes up under some seed");
}

#[test]
fn ties_and_duplicates_are_counted_and_never_paired() {
    let mut all = rows("tied", &[("a", 1.0), ("b", 1.0), ("c", 1.0)]);
    all.extend(rows("same", &[("a", 1.0), ("a", 2.0)]));
    all.extend(rows("single", &[("a", 1.0)]));
    all.extend(rows("some", &[("a", 1.0), ("a", 2.0), ("b", 2.0), ("c", 2.0)]));
    for strategy in [PairStrategy::Random, PairStrategy::BestWorst, PairStrategy::MarginAbove { margin: 0.0 }] {
        let (pairs, report) = pair(&all, &options(strategy, 40, 5)).unwrap();
        check_pairs(&all, &pairs, &report);
        assert!(pairs.iter().all(|pair| pair.prompt == "some"), "{strategy}");
        assert!(!pairs.is_empty());
        assert_eq!((report.prompts, report.texts, report.duplicate_texts), (4, 10, 2));
        let reasons: Vec<_> = report.skipped.iter().map(|s| (s.prompt.as_str(), s.texts, s.reason)).collect();
        assert_eq!(
            reasons,
            [
                ("tied", 3, SkipReason::EqualScores),
                ("same", 2, SkipReason::IdenticalTexts),
                ("single", 1, SkipReason::SingleText)
            ],
            "{strategy}"
        );
        let text = report.to_string();
        assert!(text.contains("\"single\" (1 text): it has a single text"), "{text}");
    }
    // Pairs of "some", by hand: of its 6 candidate pairs 1 has identical texts, 3 are ties and 2 are valid.
    let (pairs, report) = pair(&all, &PairOptions::new(PairStrategy::MarginAbove { margin: 0.0 })).unwrap();
    assert_eq!((pairs.len(), report.tied, report.identical), (2, 3, 1));
    // Invalid random pairs are redrawn, so that all 40 pairs are made.
    let (pairs, report) = pair(&all, &options(PairStrategy::Random, 40, 5)).unwrap();
    assert_eq!(pairs.len(), 40);
    assert!(report.tied > 0 && report.identical > 0, "{report}");
}

#[test]
fn a_rare_pair_is_found_among_ties() {
    let mut all: Vec<ScoredText> = (0..200).map(|i| ScoredText::new("p", format!("t{i}"), 1.0)).collect();
    all.push(ScoredText::new("p", "better", 2.0));
    let (pairs, report) = pair(&all, &options(PairStrategy::Random, 10, 0)).unwrap();
    assert_eq!(pairs.len() + report.missing_pairs, 10);
    assert_eq!(pairs.len(), 10);
    assert!(pairs.iter().all(|pair| pair.chosen == "better"));
}

#[test]
fn invalid_rows_and_options_are_rejected() {
    let mut all = rows("p", &[("a", 1.0), ("b", f64::NAN)]);
    let message = pair(&all, &PairOptions::new(PairStrategy::Random)).unwrap_err().to_string();
    assert!(message.contains("row 2") && message.contains("NaN"), "{message}");
    all.pop();
    assert!(pair(&all, &options(PairStrategy::Random, 0, 0)).is_err());
    let huge = rows("p", &[("a", 1.0), ("b", 2.0)]);
    let message = pair(&huge, &options(PairStrategy::Random, usize::MAX, 0)).unwrap_err().to_string();
    assert!(message.contains("20000000"), "{message}");
}

#[test]
fn no_rows_give_no_pairs() {
    let (pairs, report) = pair(&[], &PairOptions::new(PairStrategy::Random)).unwrap();
    assert!(pairs.is_empty() && report.skipped.is_empty());
}
