//! Small elections for tests, and the axioms as checks of a rule on one of them.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod axiom_checks;

use align_choice::{Judge, Options, Outcome, Rule, ScoreTable};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The weight and the scores of each judge. Higher is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Election {
    pub judges: Vec<(f64, Vec<Option<i32>>)>,
    pub options: Options,
}

impl Election {
    /// An election of judges that score every candidate.
    pub fn of_scores(judges: &[(i32, &[i32])]) -> Self {
        let judge = |(weight, scores): &(i32, &[i32])| (f64::from(*weight), scores.iter().copied().map(Some).collect());
        Self { judges: judges.iter().map(judge).collect(), options: Options::default() }
    }

    /// An election by strict rankings of the candidates `a`, `b` and so on, such as `3 abc`.
    pub fn of_rankings(lines: &[&str]) -> Self {
        let judge = |line: &&str| {
            let (weight, ranking) = line.split_once(' ').unwrap();
            let count = ranking.len() as i32;
            let place = |candidate: u8| ranking.bytes().position(|c| c == candidate).unwrap() as i32;
            (weight.parse().unwrap(), (0..count).map(|at| Some(count - place(b'a' + at as u8))).collect())
        };
        Self { judges: lines.iter().map(judge).collect(), options: Options::default() }
    }

    pub fn candidates(&self) -> usize {
        self.judges[0].1.len()
    }

    pub fn table(&self) -> ScoreTable {
        let judges = self.judges.iter().enumerate().map(|(at, (weight, scores))| {
            let scores = scores.iter().map(|score| score.map(f64::from));
            Judge::with_abstentions(format!("j{at}"), scores).weighted(*weight)
        });
        ScoreTable::new((0..self.candidates()).map(|at| format!("c{at}")), judges).unwrap()
    }

    pub fn outcome(&self, rule: &Rule) -> Outcome {
        rule.apply(&self.table(), &self.options).unwrap_or_else(|e| panic!("{rule}: {e}: {self:?}"))
    }

    pub fn winners(&self, rule: &Rule) -> Vec<usize> {
        self.outcome(rule).winners
    }

    /// The weight of the judges that score `x` higher than `y`.
    pub fn weight(&self, x: usize, y: usize) -> f64 {
        let prefers = |scores: &[Option<i32>]| matches!((scores[x], scores[y]), (Some(a), Some(b)) if a > b);
        self.judges.iter().filter(|(_, scores)| prefers(scores)).map(|(weight, _)| weight).sum()
    }

    pub fn margin(&self, x: usize, y: usize) -> f64 {
        self.weight(x, y) - self.weight(y, x)
    }

    pub fn without_candidate(&self, candidate: usize) -> Self {
        let mut fewer = self.clone();
        for (_, scores) in &mut fewer.judges {
            scores.remove(candidate);
        }
        fewer
    }

    pub fn without_judge(&self, judge: usize) -> Self {
        let mut fewer = self.clone();
        fewer.judges.remove(judge);
        fewer
    }
}

/// A random election of 2 to 5 candidates and 1 to 6 judges, with and without ties.
pub fn random_election(rng: &mut ChaCha8Rng) -> Election {
    let candidates = rng.random_range(2..=5usize);
    let is_strict = rng.random_bool(0.6);
    let greatest = rng.random_range(1..=6);
    let judges = (0..rng.random_range(1..=6)).map(|_| {
        let weight = if rng.random_bool(0.5) { 1.0 } else { f64::from(rng.random_range(1..=5)) };
        let mut scores: Vec<i32> = (0..candidates).map(|_| rng.random_range(1..=greatest)).collect();
        if is_strict {
            // Distinct scores in a random order, with random gaps.
            let mut keys: Vec<(u32, usize)> = (0..candidates).map(|at| (rng.random(), at)).collect();
            keys.sort_unstable();
            let mut score = 0;
            for (_, at) in keys {
                score += rng.random_range(1..=greatest);
                scores[at] = score;
            }
        }
        (weight, scores.into_iter().map(Some).collect())
    });
    Election { judges: judges.collect(), options: Options::default() }
}

/// A random election in which judges abstain on some candidates, or on all.
pub fn random_election_with_abstentions(rng: &mut ChaCha8Rng) -> Election {
    let mut election = random_election(rng);
    if rng.random_bool(0.5) {
        for score in election.judges.iter_mut().flat_map(|(_, scores)| scores) {
            *score = score.filter(|_| rng.random_bool(0.75));
        }
    }
    election
}

/// The rule with a name. The threshold is for the first judge.
pub fn rule(name: &str) -> Rule {
    if name == "threshold" { "threshold:j0>=2" } else { name }.parse().unwrap()
}
