//! An election for each axiom that a rule does not have.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_choice::Axiom::{
    Clones, CondorcetLoser, CondorcetWinner, Majority, Monotonicity, Pareto, Participation, Smith,
};
use align_choice::{AXIOMS, Axiom, TieBreak};
use common::axiom_checks::violation;
use common::{Election, rule};

/// A rule, the axioms that it violates, the election, and the number of clones at its end.
type Case = (&'static str, &'static [Axiom], Election, usize);

/// Tennessee's capital: Memphis (a) has the most first places, but all others beat it, and Nashville (b) beats all others.
const TENNESSEE: [&str; 4] = ["42 abcd", "26 bcda", "15 cdba", "17 dcba"];
/// A majority puts `a` first, but `b` is never last (Borda's rule and majorities: Condorcet, 1785).
const COMPROMISE: [&str; 2] = ["3 abc", "2 bca"];
/// The clones `b`, `c` and `d` beat each other by 3 in a cycle, and each of them beats `a` by 1.
const CYCLE_OF_CLONES: [&str; 6] = ["2 abcd", "1 bcda", "1 acdb", "2 cdba", "1 adbc", "2 dbca"];
/// Without the two of the third line, `d` wins; with them `b`, which they rank below `d` (the no-show paradox: Moulin, 1988).
const NO_SHOW: [&str; 4] = ["4 dabc", "2 cabd", "2 cdba", "3 bcda"];

fn on_rankings() -> Vec<Case> {
    let election = Election::of_rankings;
    vec![
        ("plurality", &[CondorcetWinner, CondorcetLoser, Smith], election(&TENNESSEE), 0),
        // Vote splitting: four judges prefer `a`, five prefer both clones.
        ("plurality", &[Clones], election(&["4 abc", "3 bca", "2 cba"]), 2),
        ("borda", &[CondorcetWinner, Smith, Majority], election(&COMPROMISE), 0),
        // Teaming: without `c`, `a` beats `b` by 3 to 2. With `c` just below it, `b` has two points more from the minority.
        ("borda", &[Clones], election(&COMPROMISE), 2),
        // In the cycle `a`, `b`, `c`, all are equal. A clone of `c` is one more defeat for `a` and one more victory for `b`.
        ("copeland", &[Clones], election(&["1 abcd", "1 bcda", "1 cdab"]), 2),
        ("copeland", &[Participation], election(&["3 abcd", "2 dcab", "1 dabc", "2 bcda"]), 0),
        ("minimax", &[CondorcetLoser, Smith], election(&CYCLE_OF_CLONES), 0),
        ("minimax", &[Clones], election(&CYCLE_OF_CLONES), 3),
        ("minimax", &[Participation], election(&NO_SHOW), 0),
        ("ranked-pairs", &[Participation], election(&NO_SHOW), 0),
        ("schulze", &[Participation], election(&NO_SHOW), 0),
        ("kemeny-young", &[Clones], election(&["1 acdb", "1 cdba", "1 bacd"]), 2),
        ("kemeny-young", &[Participation], election(&["3 cabd", "3 dcab", "1 bdac", "2 abdc"]), 0),
        // The cycle goes through `d`, though all judges prefer `c` to it (Fishburn, 1977).
        ("smith-set", &[Pareto], election(&["1 abcd", "1 cdab", "1 bcda"]), 0),
        // `a` has the probability of the margin of `b` over `c`, relative to all three margins. So it falls as `a` beats `b` by more.
        ("maximal-lotteries", &[Monotonicity], election(&["3 abc", "4 bca", "3 cab", "1 cba"]), 0),
    ]
}

fn on_scores() -> Vec<Case> {
    // Two of three judges prefer the first candidate a little, the third prefers the second one a lot.
    let intense = || Election::of_scores(&[(2, &[4, 3]), (1, &[1, 9])]);
    let compromise = || Election::of_scores(&[(3, &[3, 2, 1]), (2, &[1, 3, 2])]);
    // The majority's favourite is its opponents' last choice, and the second candidate is close behind.
    let close = || Election::of_scores(&[(2, &[1, 5, 6]), (1, &[5, 7, 2])]);
    let rankings_violated: &[Axiom] = &[CondorcetWinner, CondorcetLoser, Smith, Majority];
    let but_loser: &[Axiom] = &[CondorcetWinner, Smith, Majority];
    vec![
        ("weighted-sum", rankings_violated, intense(), 0),
        ("nash", rankings_violated, intense(), 0),
        ("leximin", rankings_violated, intense(), 0),
        // The first judge's threshold excludes the candidate that the others prefer.
        ("threshold", rankings_violated, Election::of_scores(&[(1, &[1, 2]), (2, &[2, 1])]), 0),
        ("weighted-sum:quantile", but_loser, compromise(), 0),
        ("weighted-sum:quantile", &[Clones], Election::of_scores(&[(1, &[3, 5, 8, 8]), (2, &[7, 2, 4, 4])]), 2),
        ("weighted-sum:zscore", but_loser, close(), 0),
        (
            "weighted-sum:zscore",
            &[CondorcetLoser],
            Election::of_scores(&[(1, &[5, 3, 4]), (1, &[6, 2, 3]), (5, &[2, 5, 6]), (4, &[4, 3, 1])]),
            0,
        ),
        // A higher score of `a` by the second judge makes that judge's spread smaller, so that its other scores differ more.
        ("weighted-sum:zscore", &[Monotonicity], Election::of_scores(&[(1, &[1, 5, 3]), (1, &[5, 1, 3])]), 0),
        ("weighted-sum:zscore", &[Clones], Election::of_scores(&[(1, &[1, 2, 1, 1]), (1, &[2, 2, 3, 3])]), 2),
        ("leximin:zscore", but_loser, close(), 0),
        (
            "leximin:zscore",
            &[CondorcetLoser],
            Election::of_scores(&[(1, &[14, 5, 10]), (1, &[3, 12, 9]), (1, &[6, 11, 4])]),
            0,
        ),
        (
            "leximin:zscore",
            &[Monotonicity],
            Election::of_scores(&[(1, &[7, 3, 8]), (1, &[11, 9, 4]), (1, &[5, 8, 10])]),
            0,
        ),
        ("leximin:zscore", &[Clones], Election::of_scores(&[(1, &[6, 3, 3]), (1, &[4, 7, 7])]), 2),
        ("leximin:quantile", but_loser, close(), 0),
        (
            "leximin:quantile",
            &[CondorcetLoser],
            Election::of_scores(&[(1, &[1, 3, 2]), (2, &[2, 1, 3]), (2, &[2, 3, 1])]),
            0,
        ),
        ("leximin:quantile", &[Clones], Election::of_scores(&[(1, &[6, 3, 3]), (1, &[4, 7, 7])]), 2),
    ]
}

#[test]
fn each_election_violates_its_axioms() {
    for (name, axioms, election, clones) in on_rankings().into_iter().chain(on_scores()) {
        for axiom in axioms {
            assert!(violation(&rule(name), *axiom, &election, clones).is_some(), "{name}: {}", axiom.name());
        }
    }
}

#[test]
fn there_is_an_election_for_each_axiom_that_does_not_hold() {
    let cases: Vec<Case> = on_rankings().into_iter().chain(on_scores()).collect();
    for (name, holds) in AXIOMS {
        for (axiom, holds) in Axiom::ALL.iter().zip(holds) {
            let is_shown = cases.iter().any(|(other, axioms, ..)| *other == name && axioms.contains(axiom));
            assert_ne!(is_shown, holds, "{name}: {}", axiom.name());
        }
    }
}

/// The winners by name, so that the elections can be checked by hand.
#[test]
fn winners_of_the_elections() {
    let winners = |lines: &[&str], name| Election::of_rankings(lines).winners(&rule(name));
    assert_eq!(winners(&TENNESSEE, "plurality"), [0]);
    assert_eq!(winners(&COMPROMISE, "borda"), [1]);
    assert_eq!(winners(&CYCLE_OF_CLONES, "minimax"), [0]);
    for name in ["minimax", "ranked-pairs", "schulze"] {
        assert_eq!(winners(&NO_SHOW, name), [1], "{name}");
        assert_eq!(winners(&["4 dabc", "2 cabd", "3 bcda"], name), [3], "{name}");
    }
}

/// With equal majorities, raising a winner can make it lose by ranked pairs, unless an order breaks ties.
#[test]
fn equal_majorities_need_an_order_for_monotonicity() {
    let mut election = Election::of_rankings(&["1 adcbe", "1 dbeca", "5 bcade", "4 ecadb", "1 dbace"]);
    let ranked_pairs = rule("ranked-pairs");
    assert!(violation(&ranked_pairs, Monotonicity, &election, 0).is_some());
    election.options.tie_break = TieBreak::CandidateOrder;
    assert_eq!(violation(&ranked_pairs, Monotonicity, &election, 0), None);
}
