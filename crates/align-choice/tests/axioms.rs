//! Each axiom that a rule has, on random elections; and the table of the documentation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use align_choice::{AXIOMS, Axiom, Rule, Strength, TieBreak, axiom_table};
use common::axiom_checks::{violation, with_clones};
use common::{random_election, rule};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Elections for each axiom of each rule.
fn elections(axiom: Axiom) -> usize {
    // For monotonicity, each election is varied in dozens of ways.
    if axiom == Axiom::Monotonicity { 1000 } else { 5000 }
}

/// With equal majorities, ranked pairs is monotonic only if an order breaks ties.
fn needs_order(rule: &Rule, axiom: Axiom) -> bool {
    matches!(rule, Rule::RankedPairs(_)) && axiom == Axiom::Monotonicity
}

/// The first violation on random elections.
fn search(rule: &Rule, axiom: Axiom) -> Option<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    (0..elections(axiom)).find_map(|_| {
        let (mut election, mut clones) = (random_election(&mut rng), 0);
        if axiom == Axiom::Clones {
            (election, clones) = with_clones(&election, rule, &mut rng);
        }
        if needs_order(rule, axiom) {
            election.options.tie_break = TieBreak::CandidateOrder;
        }
        // The threshold's judge is not part of the objective.
        if matches!(rule, Rule::Threshold { .. }) && election.judges.len() < 2 {
            return None;
        }
        violation(rule, axiom, &election, clones).map(|problem| format!("{problem}: {election:?}"))
    })
}

#[test]
fn rules_have_the_axioms_of_the_table() {
    let mut found = Vec::new();
    for (name, holds) in AXIOMS {
        for (axiom, _) in Axiom::ALL.into_iter().zip(holds).filter(|(_, holds)| *holds) {
            found.extend(search(&rule(name), axiom).map(|problem| format!("{name}, {}: {problem}", axiom.name())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_strength_of_majorities_does_not_change_the_axioms() {
    for with_strength in [Rule::Minimax, Rule::RankedPairs, Rule::Schulze] {
        let rule = with_strength(Strength::WinningVotes);
        for axiom in Axiom::ALL.into_iter().filter(|axiom| rule.satisfies(*axiom)) {
            assert_eq!(search(&rule, axiom), None, "{rule}, {}", axiom.name());
        }
    }
}

#[test]
fn the_documentation_has_the_table() {
    let documented: Vec<&str> =
        include_str!("../src/lib.rs").lines().filter_map(|line| line.strip_prefix("//! | ")).collect();
    let documented: Vec<String> = documented.into_iter().map(|line| format!("| {line}")).collect();
    assert!(documented.join("\n").contains(&axiom_table()), "expected in src/lib.rs:\n{}", axiom_table());
}

#[test]
fn verdicts_are_found_by_rule() {
    assert!(rule("schulze:winning-votes").satisfies(Axiom::Clones));
    assert!(!rule("weighted-sum:zscore").satisfies(Axiom::Monotonicity));
    assert!(rule("nash:-3").satisfies(Axiom::Participation));
    assert!(rule("threshold:safe>=0.5:borda").satisfies(Axiom::Pareto));
}
