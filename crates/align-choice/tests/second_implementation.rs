//! Each rule against a plain implementation of its definition, on random elections with ties, weights and abstentions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod plain;

use align_choice::Options;
use common::{Election, random_election_with_abstentions, rule};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Elections for each rule.
const ELECTIONS: usize = 10_000;

/// Compares the rankings, as tiers. The candidates without a score are tied in last place.
fn compare(name: &str, plain: impl Fn(&Election) -> Vec<Vec<usize>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut tied = 0;
    for _ in 0..ELECTIONS {
        let election = random_election_with_abstentions(&mut rng);
        let is_scored = |x: &usize| election.judges.iter().any(|(_, scores)| scores[*x].is_some());
        let (scored, unscored): (Vec<usize>, Vec<usize>) = (0..election.candidates()).partition(is_scored);
        let mut expected = Vec::new();
        if !scored.is_empty() {
            let mut among = election.clone();
            unscored.iter().rev().for_each(|x| among = among.without_candidate(*x));
            expected
                .extend(plain(&among).into_iter().map(|tier| tier.into_iter().map(|x| scored[x]).collect::<Vec<_>>()));
        }
        expected.extend(Some(unscored).filter(|unscored| !unscored.is_empty()));
        let found = election.outcome(&rule(name));
        assert_eq!(found.ranking.tiers(), expected, "{name}: {election:?}");
        assert_eq!(found.winners, expected[0], "{name}: {election:?}");
        tied += usize::from(expected[0].len() > 1);
    }
    // Both cases are tested.
    assert!(tied > ELECTIONS / 100 && tied < ELECTIONS * 9 / 10, "{name}: {tied}");
}

#[test]
fn rules_on_points() {
    compare("plurality", plain::plurality);
    compare("borda", plain::borda);
    compare("copeland", plain::copeland);
}

#[test]
fn rules_on_the_strength_of_majorities() {
    for (suffix, winning_votes) in [("", false), (":winning-votes", true)] {
        compare(&format!("minimax{suffix}"), |election| plain::minimax(election, winning_votes));
        compare(&format!("ranked-pairs{suffix}"), |election| plain::ranked_pairs(election, winning_votes));
        compare(&format!("schulze{suffix}"), |election| plain::schulze(election, winning_votes));
    }
}

#[test]
fn kemeny_young_and_the_smith_set() {
    compare("kemeny-young", plain::kemeny_young);
    compare("smith-set", plain::smith_set);
}

#[test]
fn rules_on_scores() {
    for scale in ["", ":zscore", ":quantile"] {
        compare(&format!("weighted-sum{scale}"), |election| plain::weighted_sum(election, scale));
        compare(&format!("leximin{scale}"), |election| plain::leximin(election, scale));
    }
    compare("nash", plain::nash);
}

/// The thresholds with two objectives, one on scores and one on rankings.
#[test]
fn thresholds() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for _ in 0..ELECTIONS {
        let election = random_election_with_abstentions(&mut rng);
        if election.judges.len() < 2 {
            continue;
        }
        for (name, objective) in [("threshold:j0>=3", "weighted-sum"), ("threshold:j0>=3:copeland", "copeland")] {
            let meets: Vec<bool> = election.judges[0].1.iter().map(|score| *score >= Some(3)).collect();
            let mut expected = Vec::new();
            for wanted in [true, false] {
                let group: Vec<usize> = (0..meets.len()).filter(|x| meets[*x] == wanted).collect();
                let mut among = election.without_judge(0);
                (0..meets.len()).rev().filter(|x| meets[*x] != wanted).for_each(|x| among = among.without_candidate(x));
                if !group.is_empty() {
                    let tiers = among.outcome(&rule(objective)).ranking.tiers().to_vec();
                    expected
                        .extend(tiers.into_iter().map(|tier| tier.into_iter().map(|x| group[x]).collect::<Vec<_>>()));
                }
            }
            // Candidates that only the judge of the threshold scores are last in their group; those that no judge scores are last of all.
            let is_scored = |x: usize| election.judges.iter().any(|(_, scores)| scores[x].is_some());
            if (0..meets.len()).all(is_scored) {
                let found = election.outcome(&rule(name));
                assert_eq!(found.ranking.tiers(), expected, "{name}: {election:?}");
                assert_eq!(found.meets_thresholds, Some(meets));
            }
        }
    }
}

/// The conditions of an optimal strategy, which need no second solver: no candidate beats the lottery, and each candidate without a probability
/// loses to it, so that it has none in any maximal lottery. Renaming the candidates renames the lottery.
#[test]
fn maximal_lotteries() {
    let maximal = rule("maximal-lotteries");
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut mixed = 0;
    for _ in 0..ELECTIONS {
        let election = random_election_with_abstentions(&mut rng);
        let outcome = election.outcome(&maximal);
        let lottery = outcome.lottery.unwrap();
        assert!((lottery.iter().sum::<f64>() - 1.0).abs() < 1e-12 && lottery.iter().all(|p| *p >= 0.0));
        let is_scored = |x: usize| election.judges.iter().any(|(_, scores)| scores[x].is_some());
        if (0..lottery.len()).any(is_scored) {
            for y in (0..lottery.len()).filter(|y| is_scored(*y)) {
                let payoff: f64 = lottery.iter().enumerate().map(|(x, p)| p * election.margin(x, y)).sum();
                assert!(payoff >= -1e-9, "{lottery:?} {election:?}");
                assert!(lottery[y] > 0.0 || payoff > 1e-9, "{lottery:?} {election:?}");
                assert!(lottery[y] == 0.0 || payoff < 1e-9, "{lottery:?} {election:?}");
            }
        }
        let mut reversed = election.clone();
        reversed.judges.iter_mut().for_each(|(_, scores)| scores.reverse());
        let renamed = reversed.outcome(&maximal).lottery.unwrap();
        assert!(lottery.iter().zip(renamed.iter().rev()).all(|(a, b)| (a - b).abs() < 1e-9), "{lottery:?} {renamed:?}");
        mixed += usize::from(outcome.winners.len() > 1);
    }
    assert!(mixed > ELECTIONS / 20, "{mixed}");
}

/// More candidates and weights of different magnitudes, which make the linear program harder.
#[test]
fn maximal_lotteries_of_many_candidates() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for round in 0..3000 {
        let (candidates, judges) = (rng.random_range(5..=25), rng.random_range(3..=9));
        let magnitudes = f64::from(round % 6);
        let judge = |_| {
            let scores = (0..candidates).map(|_| Some(rng.random_range(0..40))).collect();
            (10f64.powf(-rng.random_range(0.0..=magnitudes)), scores)
        };
        let election = Election { judges: (0..judges).map(judge).collect(), options: Options::default() };
        let lottery = election.outcome(&rule("maximal-lotteries")).lottery.unwrap();
        for y in 0..candidates {
            let payoff: f64 = lottery.iter().enumerate().map(|(x, p)| p * election.margin(x, y)).sum();
            assert!(payoff >= -1e-8 && (lottery[y] == 0.0 || payoff < 1e-8), "{lottery:?} {election:?}");
        }
    }
}
