//! Weights, ties and abstentions, the disagreement of judges, names of rules, and invalid input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_choice::{
    Judge, Options, Outcome, PairwisePreferences, Profile, Rule, ScoreTable, TieBreak, Unranked, kendall_tau_b,
};
use common::{Election, random_election, random_election_with_abstentions, rule};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn all_rules() -> Vec<Rule> {
    [Rule::all(), vec![rule("threshold"), rule("threshold:j0>=2:schulze")]].concat()
}

/// The outcomes agree up to rounding of their numbers.
fn assert_same(a: &Outcome, b: &Outcome, context: &str) {
    assert_eq!((&a.ranking, &a.winners), (&b.ranking, &b.winners), "{context}");
    assert_eq!(a.meets_thresholds, b.meets_thresholds, "{context}");
    let numbers = |outcome: &Outcome| -> Vec<f64> {
        let lottery = outcome.lottery.iter().flatten().copied();
        outcome.scores.iter().map(|score| score.unwrap_or(-99.0)).chain(lottery).collect()
    };
    assert!(numbers(a).iter().zip(numbers(b)).all(|(a, b)| (a - b).abs() < 1e-9), "{context}: {a:?} {b:?}");
}

/// A weight of `k` is the same as `k` copies of the judge, and the order of the judges does not matter.
#[test]
fn weights_are_copies() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..1000 {
        let mut election = random_election_with_abstentions(&mut rng);
        // The threshold is for the first judge, so that this one is not copied.
        election.judges[0].0 = 1.0;
        let copies = election.judges.iter().flat_map(|(weight, scores)| vec![(1.0, scores.clone()); *weight as usize]);
        let mut copied = Election { judges: copies.collect(), ..election.clone() };
        copied.judges[1..].reverse();
        for rule in all_rules() {
            if !matches!(rule, Rule::Threshold { .. }) || election.judges.len() > 1 {
                assert_same(&election.outcome(&rule), &copied.outcome(&rule), &format!("{rule}: {election:?}"));
            }
        }
    }
}

/// Fractions in proportion have the same outcome, also where sums of floating-point numbers are inexact: 0.1 + 0.2 against 0.3.
#[test]
fn only_the_proportions_of_weights_matter() {
    let election = Election::of_rankings(&["1 abc", "2 abc", "3 cba"]);
    for factor in [0.1, 1.0 / 3.0, 1e300, 1e-300] {
        let mut scaled = election.clone();
        scaled.judges.iter_mut().for_each(|(weight, _)| *weight *= factor);
        for rule in all_rules().into_iter().filter(|rule| !matches!(rule, Rule::Threshold { .. })) {
            let (found, expected) = (scaled.outcome(&rule), election.outcome(&rule));
            assert_eq!(found.ranking, expected.ranking, "{rule} {factor}");
        }
    }
    let copeland = election.outcome(&Rule::Copeland);
    assert_eq!(copeland.ranking.tiers(), [[0, 1, 2]]);
}

/// A judge without scores, or with weight 0, is the same as no judge.
#[test]
fn judges_that_abstain_are_absent() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..1000 {
        let election = random_election(&mut rng);
        if election.judges.len() < 2 {
            continue;
        }
        let (mut silent, mut weightless) = (election.clone(), election.clone());
        silent.judges.push((3.0, vec![None; election.candidates()]));
        let scores = (0..election.candidates()).map(|_| Some(rng.random_range(1..9))).collect();
        weightless.judges.push((0.0, scores));
        for rule in all_rules() {
            let expected = election.outcome(&rule);
            assert_same(&silent.outcome(&rule), &expected, &format!("{rule}: {silent:?}"));
            assert_same(&weightless.outcome(&rule), &expected, &format!("{rule}: {weightless:?}"));
        }
    }
}

/// A candidate that no judge scores is last, even if nobody beats it; without any scores all are tied.
#[test]
fn candidates_without_scores_are_last() {
    let scores = [Some(1.0), None, Some(2.0)];
    let judges =
        [Judge::with_abstentions("j0", scores), Judge::with_abstentions("j1", scores.map(|s| s.map(|s| s * 3.0)))];
    let table = ScoreTable::new(["a", "b", "c"], judges).unwrap();
    let none =
        ScoreTable::new(["a", "b"], ["j0", "j1"].map(|name| Judge::with_abstentions(name, [None, None]))).unwrap();
    for rule in all_rules() {
        let outcome = rule.apply(&table, &Options::default()).unwrap();
        assert_eq!(outcome.ranking.tiers(), [[2], [0], [1]], "{rule}");
        assert_eq!(outcome.scores[1], None, "{rule}");
        let outcome = rule.apply(&none, &Options::default()).unwrap();
        assert_eq!((outcome.ranking.tiers(), outcome.winners), (&[vec![0, 1]][..], vec![0, 1]), "{rule}");
    }
}

/// On a truncated ballot, the others are below; by default the judge has no opinion on them.
#[test]
fn unranked_candidates() {
    let profile: Profile = "2: A > B\n1: C > B".parse().unwrap();
    let ranking = |unranked| {
        let options = Options { unranked, ..Options::default() };
        Rule::Copeland.apply_to_profile(&profile, &options).unwrap().ranking.to_text(profile.candidates())
    };
    // C beats B, and no judge compares C with A; or A and B beat C by 2 to 1.
    assert_eq!(ranking(Unranked::NoOpinion), "A = C > B");
    assert_eq!(ranking(Unranked::Last), "A > B > C");
    let pairs = |unranked| PairwisePreferences::new(&profile, unranked).unwrap();
    assert_eq!((pairs(Unranked::NoOpinion).margin(0, 2), pairs(Unranked::Last).margin(0, 2)), (0.0, 1.0));
}

#[test]
fn ties_are_broken_by_an_order() {
    let table = Election::of_scores(&[(1, &[2, 2, 1, 2])]).table();
    let outcome = |rule: &Rule, tie_break| rule.apply(&table, &Options { tie_break, ..Options::default() }).unwrap();
    for rule in Rule::all() {
        assert_eq!(outcome(&rule, TieBreak::Keep).ranking.tiers(), [vec![0, 1, 3], vec![2]], "{rule}");
        assert_eq!(outcome(&rule, TieBreak::CandidateOrder).ranking.tiers(), [[0], [1], [3], [2]], "{rule}");
        let drawn = outcome(&rule, TieBreak::Order(vec![2, 3, 0, 1]));
        assert_eq!(drawn.ranking.tiers(), [[3], [0], [1], [2]], "{rule}");
        let winners = if rule == Rule::MaximalLotteries { vec![0, 1, 3] } else { vec![3] };
        assert_eq!(drawn.winners, winners, "{rule}");
    }
}

/// With equal majorities in a cycle, the order decides which ones ranked pairs locks: the first two by their winners.
#[test]
fn ranked_pairs_locks_equal_majorities_in_order() {
    let table = Election::of_rankings(&["1 abc", "1 bca", "1 cab"]).table();
    // A beats B, B beats C, C beats A. The last order locks C > A and B > C.
    for (order, expected) in
        [([0, 1, 2], [0, 1, 2]), ([1, 2, 0], [1, 2, 0]), ([2, 0, 1], [2, 0, 1]), ([2, 1, 0], [1, 2, 0])]
    {
        let options = Options { tie_break: TieBreak::Order(order.to_vec()), ..Options::default() };
        let outcome = rule("ranked-pairs").apply(&table, &options).unwrap();
        assert_eq!(outcome.ranking.tiers().concat(), expected, "{order:?}");
    }
}

#[test]
fn kendalls_tau() {
    let some = |scores: &[f64]| scores.iter().copied().map(Some).collect::<Vec<_>>();
    // By hand: of the pairs, 3 are concordant, 1 is discordant, 1 is tied in the first list and 1 in the second: 2 / √(5 × 5).
    let tau = kendall_tau_b(&some(&[1.0, 1.0, 2.0, 3.0]), &some(&[1.0, 2.0, 4.0, 2.0]));
    assert_eq!(tau, Some(2.0 / 5.0));
    assert_eq!(kendall_tau_b(&some(&[1.0, 2.0]), &some(&[5.0, 4.0])), Some(-1.0));
    assert_eq!(kendall_tau_b(&some(&[1.0, 2.0]), &some(&[5.0, 5.0])), None);
    // Candidates that only one judge scores are left out.
    assert_eq!(kendall_tau_b(&[Some(1.0), None, Some(2.0)], &[Some(1.0), Some(0.0), Some(3.0)]), Some(1.0));
    assert_eq!(kendall_tau_b(&[Some(1.0), None], &[None, Some(1.0)]), None);
    let table = Election::of_scores(&[(1, &[1, 2, 3]), (1, &[3, 2, 1])]).table();
    assert_eq!(table.kendall_tau_b(), [[Some(1.0), Some(-1.0)], [Some(-1.0), Some(1.0)]]);
}

#[test]
fn pareto_dominance_with_abstentions() {
    let judges = [
        Judge::new("j0", [2.0, 1.0, 1.0, 1.0]),
        Judge::with_abstentions("j1", [Some(1.0), Some(1.0), None, Some(3.0)]),
        Judge::new("ignored", [0.0, 9.0, 9.0, 9.0]).weighted(0.0),
    ];
    let table = ScoreTable::new(["a", "b", "c", "d"], judges).unwrap();
    // The second judge might prefer `c` to `a`.
    assert_eq!(table.pareto_dominators(), [None, Some(0), None, None]);
}

/// A majority prefers a to b, and c is level with both: c is in the first tier, but not above b.
#[test]
fn candidates_in_different_tiers_of_a_partial_order_may_be_incomparable() {
    let judges = [("j0", [None, Some(2.0), Some(1.0), Some(3.0)]), ("j1", [None, Some(3.0), Some(2.0), Some(1.0)])];
    let judges = judges.map(|(name, scores)| Judge::with_abstentions(name, scores));
    let table = ScoreTable::new(["without scores", "a", "b", "c"], judges).unwrap();
    for name in ["schulze", "ranked-pairs"] {
        let outcome = rule(name).apply(&table, &Options::default()).unwrap();
        assert_eq!(outcome.ranking.tiers(), [vec![1, 3], vec![2], vec![0]], "{name}");
        assert_eq!(outcome.incomparable, [(3, 2)], "{name}");
        let above = [(1, 2), (3, 2), (2, 3), (1, 3), (3, 0), (2, 0)].map(|(x, y)| outcome.ranks_above(x, y));
        assert_eq!(above, [true, false, false, false, true, true], "{name}");
        // With an order that breaks ties the ranking is strict.
        let order = Options { tie_break: TieBreak::Order(vec![0, 1, 2, 3]), ..Options::default() };
        assert!(rule(name).apply(&table, &order).unwrap().ranks_above(3, 2), "{name}");
    }
    assert!(rule("borda").apply(&table, &Options::default()).unwrap().incomparable.is_empty());
}
