//! Pairs by rules: which pairs are possible, and what is counted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_data::judges::{JudgedPair, JudgedPairOptions, JudgedPairReport, JudgedText, JudgedTexts, pair_judged};
use align_data::pairing::{PairOptions, PairStrategy};

/// One prompt whose texts have these scores by each judge.
fn texts(scores: &[(&str, [Option<f64>; 3])]) -> JudgedTexts {
    let row = |(text, scores): &(&str, [Option<f64>; 3])| JudgedText {
        prompt: "P".to_owned(),
        text: (*text).to_owned(),
        scores: scores.to_vec(),
    };
    JudgedTexts::new(["j0", "j1", "j2"], scores.iter().map(row).collect()).unwrap()
}

fn options(rule: &str) -> JudgedPairOptions {
    JudgedPairOptions::new(rule.parse().unwrap())
}

fn pairs(texts: &JudgedTexts, options: &JudgedPairOptions) -> (Vec<JudgedPair>, JudgedPairReport) {
    pair_judged(texts, options).unwrap()
}

fn names(pairs: &[JudgedPair]) -> Vec<(&str, &str)> {
    pairs.iter().map(|pair| (pair.pair.chosen.as_str(), pair.pair.rejected.as_str())).collect()
}

/// Both judges prefer a to b, and disagree about c. So a and c are in the first tier and b in the second, but b and c are level.
#[test]
fn texts_that_a_partial_order_does_not_compare_are_no_pair() {
    let texts = texts(&[
        ("a", [Some(2.0), Some(3.0), None]),
        ("b", [Some(1.0), Some(2.0), None]),
        ("c", [Some(3.0), Some(1.0), Some(0.0)]),
    ]);
    for rule in ["schulze", "schulze:winning-votes", "ranked-pairs", "threshold:j2>=9:schulze"] {
        let (found, report) = pairs(&texts, &options(rule));
        assert_eq!((names(&found), report.tied), (vec![("a", "b")], 2), "{rule}");
    }
    // Copeland's numbers are a weak order: 1, -1 and 0.
    assert_eq!(names(&pairs(&texts, &options("copeland")).0), [("a", "b"), ("a", "c"), ("c", "b")]);
}

/// The lowest scores are equal, and the second lowest ones decide.
#[test]
fn leximin_has_no_scores() {
    let texts = texts(&[("a", [Some(1.0), Some(3.0), Some(3.0)]), ("b", [Some(1.0), Some(2.0), Some(3.0)])]);
    let (found, _) = pairs(&texts, &options("leximin"));
    assert_eq!(
        (names(&found), found[0].pair.chosen_score, found[0].pair.rejected_score),
        (vec![("a", "b")], None, None)
    );
}

#[test]
fn random_pairs_are_limited_before_they_are_drawn() {
    let many = JudgedPairOptions {
        pairing: PairOptions { pairs_per_prompt: Some(usize::MAX), ..PairOptions::new(PairStrategy::Random) },
        ..options("borda")
    };
    let different = texts(&[("a", [Some(2.0); 3]), ("b", [Some(1.0); 3])]);
    let message = pair_judged(&different, &many).unwrap_err().to_string();
    assert!(message.contains("pairs_per_prompt: expected at most 20000000 pairs in all"), "{message}");
    let (found, report) = pairs(&texts(&[("a", [Some(1.0); 3]), ("b", [Some(1.0); 3])]), &many);
    assert_eq!((found.len(), report.missing_pairs), (0, usize::MAX));
}

/// The error of the first prompt names the lowest score of all prompts, so that the zero point suits them all.
#[test]
fn the_zero_point_of_a_product_suits_all_prompts() {
    let row = |prompt: &str, text: &str, scores: [f64; 2]| JudgedText {
        prompt: prompt.to_owned(),
        text: text.to_owned(),
        scores: scores.map(Some).to_vec(),
    };
    let rows = vec![
        row("P", "x", [1.0, -2.0]),
        row("P", "y", [2.0, 1.0]),
        row("Q", "x", [-5.0, 1.0]),
        row("Q", "y", [1.0; 2]),
    ];
    let texts = JudgedTexts::new(["a", "b"], rows).unwrap();
    let message = pair_judged(&texts, &options("nash")).unwrap_err().to_string();
    assert!(message.contains("judge a, candidate row 3: the score -5") && message.contains("nash:-5"), "{message}");
    assert!(pair_judged(&texts, &options("nash:-5")).is_ok());
    // The judge of the threshold is no factor.
    let message = pair_judged(&texts, &options("threshold:a>=0:nash")).unwrap_err().to_string();
    assert!(message.contains("nash:-2"), "{message}");
}

/// Twenty texts in random orders of five judges are on cycles, and there are too many for the exact method.
#[test]
fn rankings_that_may_not_be_the_best_are_counted() {
    let row = |at: usize| JudgedText {
        prompt: "P".to_owned(),
        text: at.to_string(),
        // Multiples of different primes modulo 23 are permutations that have little in common.
        scores: [2, 5, 7, 11, 13].map(|factor| Some(((at + 1) * factor % 23) as f64)).to_vec(),
    };
    let texts = JudgedTexts::new(["a", "b", "c", "d", "e"], (0..20).map(row).collect()).unwrap();
    let (_, report) = pairs(&texts, &options("kemeny-young"));
    assert_eq!(report.inexact, 1);
    assert!(report.to_string().contains("1 prompt ranked approximately"), "{report}");
    assert_eq!(pairs(&texts, &options("schulze")).1.inexact, 0);
}
