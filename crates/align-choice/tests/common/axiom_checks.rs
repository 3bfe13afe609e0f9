//! Whether a rule violates an axiom in an election, by the definitions in `Axiom`.

use super::Election;
use align_choice::{Axiom, Rule};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What is wrong with the rule's outcome, if it violates the axiom. For clones, the last candidates of the election are clones, `clones` of
/// them.
pub fn violation(rule: &Rule, axiom: Axiom, election: &Election, clones: usize) -> Option<String> {
    match axiom {
        Axiom::CondorcetWinner => condorcet_winner(rule, election),
        Axiom::CondorcetLoser => condorcet_loser(rule, election),
        Axiom::Smith => smith(rule, election),
        Axiom::Majority => majority(rule, election),
        Axiom::Monotonicity => monotonicity(rule, election),
        Axiom::Clones => independence_of_clones(rule, election, clones),
        Axiom::Pareto => pareto(rule, election),
        Axiom::Participation => participation(rule, election),
    }
}

fn unique_winner(rule: &Rule, election: &Election, expected: usize) -> Option<String> {
    let winners = election.winners(rule);
    (winners != [expected]).then(|| format!("{expected} should win, not {winners:?}"))
}

fn condorcet_winner(rule: &Rule, election: &Election) -> Option<String> {
    let count = election.candidates();
    let winner = (0..count).find(|x| (0..count).all(|y| y == *x || election.margin(*x, y) > 0.0))?;
    unique_winner(rule, election, winner)
}

fn condorcet_loser(rule: &Rule, election: &Election) -> Option<String> {
    let count = election.candidates();
    let loser = (0..count).find(|x| (0..count).all(|y| y == *x || election.margin(*x, y) < 0.0))?;
    election.winners(rule).contains(&loser).then(|| format!("{loser} should not win"))
}

/// The smallest set whose members beat all others, by trying all sets.
pub fn smith_set(election: &Election, among: &[usize]) -> Vec<usize> {
    let members = |set: usize| among.iter().enumerate().filter(move |(at, _)| set >> at & 1 == 1).map(|(_, x)| *x);
    let dominates = |set: usize| {
        let others = || among.iter().filter(move |y| members(set).all(|x| x != **y));
        members(set).all(|x| others().all(|y| election.margin(x, *y) > 0.0))
    };
    let smallest = (1..1usize << among.len()).filter(|set| dominates(*set)).min_by_key(|set| set.count_ones()).unwrap();
    members(smallest).collect()
}

fn smith(rule: &Rule, election: &Election) -> Option<String> {
    let set = smith_set(election, &(0..election.candidates()).collect::<Vec<_>>());
    let winners = election.winners(rule);
    winners.iter().any(|winner| !set.contains(winner)).then(|| format!("winners {winners:?}, Smith set {set:?}"))
}

fn majority(rule: &Rule, election: &Election) -> Option<String> {
    let total: f64 = election.judges.iter().map(|(weight, _)| weight).sum();
    let is_first = |scores: &[Option<i32>], x: usize| (0..scores.len()).all(|y| y == x || scores[y] < scores[x]);
    let favourite = (0..election.candidates()).find(|x| {
        let votes = election.judges.iter().filter(|(_, scores)| is_first(scores, *x)).map(|(weight, _)| weight);
        votes.sum::<f64>() > total / 2.0
    })?;
    unique_winner(rule, election, favourite)
}

/// Raises each winner's score by each judge.
fn monotonicity(rule: &Rule, election: &Election) -> Option<String> {
    let before = election.outcome(rule);
    for &winner in &before.winners {
        for judge in 0..election.judges.len() {
            for by in 1..=4 {
                let mut raised = election.clone();
                let score = &mut raised.judges[judge].1[winner];
                *score = score.map(|score| score + by);
                let after = raised.outcome(rule);
                let falls = match (&before.lottery, &after.lottery) {
                    (Some(before), Some(after)) => after[winner] < before[winner] - 1e-9,
                    _ => !after.winners.contains(&winner),
                };
                if falls {
                    return Some(format!("{winner}, raised by {by} by judge {judge}, falls"));
                }
            }
        }
    }
    None
}

/// Removes each clone.
fn independence_of_clones(rule: &Rule, election: &Election, clones: usize) -> Option<String> {
    let first_clone = election.candidates() - clones;
    // The winners, with all clones as one.
    let winners = |election: &Election| {
        let mut winners: Vec<usize> = election.winners(rule).into_iter().map(|x| x.min(first_clone)).collect();
        winners.dedup();
        winners
    };
    let with_all = winners(election);
    for clone in first_clone..election.candidates() {
        let without = winners(&election.without_candidate(clone));
        if without != with_all {
            return Some(format!("winners {with_all:?}, but {without:?} without clone {clone}"));
        }
    }
    None
}

fn pareto(rule: &Rule, election: &Election) -> Option<String> {
    let winners = election.winners(rule);
    let total: f64 = election.judges.iter().map(|(weight, _)| weight).sum();
    let is_dominated = |y: &usize| (0..election.candidates()).any(|x| election.weight(x, *y) == total);
    winners.into_iter().find(is_dominated).map(|winner| format!("all judges rank another candidate above {winner}"))
}

/// Compares the outcome with that without each judge. The judge of a threshold stays.
fn participation(rule: &Rule, election: &Election) -> Option<String> {
    let first = usize::from(matches!(rule, Rule::Threshold { .. }));
    if election.judges.len() < 2 + first {
        return None;
    }
    for judge in first..election.judges.len() {
        let scores = &election.judges[judge].1;
        let (old, new) = (election.without_judge(judge).outcome(rule), election.outcome(rule));
        if let (Some(old), Some(new)) = (&old.lottery, &new.lottery) {
            let pairs = (0..old.len()).flat_map(|x| (0..old.len()).map(move |y| (x, y)));
            let gain: f64 = pairs.map(|(x, y)| new[x] * old[y] * f64::from(scores[x].cmp(&scores[y]) as i8)).sum();
            if gain < -1e-9 {
                return Some(format!("judge {judge} loses {gain}"));
            }
            continue;
        }
        let pairs = || old.winners.iter().flat_map(|x| new.winners.iter().map(|y| scores[*x].cmp(&scores[*y])));
        if pairs().all(|order| order.is_ge()) && pairs().any(|order| order.is_gt()) {
            return Some(format!("judge {judge} prefers {:?} to {:?}", old.winners, new.winners));
        }
    }
    None
}

/// Adds one or two clones of the last candidate. Those for rules on scores have its scores; the others differ from it by less than any other
/// candidate does. Returns the number of clones with it.
pub fn with_clones(election: &Election, rule: &Rule, rng: &mut ChaCha8Rng) -> (Election, usize) {
    let mut cloned = election.clone();
    let clones = rng.random_range(2..=3usize);
    for (_, scores) in &mut cloned.judges {
        if rule.is_on_rankings() {
            scores.iter_mut().flatten().for_each(|score| *score *= 4);
        }
        let last = scores.pop().unwrap();
        let is_tied = scores.contains(&last);
        for _ in 0..clones {
            let shift = if rule.is_on_rankings() && !is_tied { rng.random_range(0..4) } else { 0 };
            scores.push(last.map(|score| score + shift));
        }
    }
    (cloned, clones)
}
