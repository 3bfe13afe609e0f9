//! The agreement of judges, and what rules choose, by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_choice::{Judge, Rule, ScoreTable};
use align_metrics::{Bootstrap, Cycle, DominatedText, JudgeAgreement, PromptMean};

fn table(judges: &[(&str, &[Option<f64>])]) -> ScoreTable {
    let count = judges[0].1.len();
    let judges = judges.iter().map(|(name, scores)| Judge::with_abstentions(*name, scores.iter().copied()));
    ScoreTable::new((0..count).map(|at| format!("text {at}")), judges).unwrap()
}

/// A table of three judges.
fn of_scores(scores: [&[f64]; 3]) -> ScoreTable {
    let scores = scores.map(|scores| scores.iter().copied().map(Some).collect::<Vec<_>>());
    table(&[("j0", &scores[0]), ("j1", &scores[1]), ("j2", &scores[2])])
}

fn rules(names: &[&str]) -> Vec<Rule> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn of(tables: &[ScoreTable], names: &[&str]) -> JudgeAgreement {
    let tables: Vec<&ScoreTable> = tables.iter().collect();
    JudgeAgreement::of(&tables, &rules(names), &Bootstrap { resamples: 200, ..Bootstrap::default() }).unwrap()
}

fn value(mean: Option<PromptMean>) -> f64 {
    mean.unwrap().value
}

/// A cycle; a prompt on which all agree, with a dominated text; a single text.
fn prompts() -> [ScoreTable; 3] {
    [
        of_scores([&[3.0, 2.0, 1.0], &[1.0, 3.0, 2.0], &[2.0, 1.0, 9.0]]),
        of_scores([&[5.0, 4.0], &[1.0, 1.0], &[3.0, 0.0]]),
        of_scores([&[1.0], &[2.0], &[3.0]]),
    ]
}

#[test]
fn taus_cycles_and_dominated_texts() {
    let found = of(&prompts(), &["schulze"]);
    assert_eq!((found.prompts, found.single_texts, found.texts), (2, 1, 5));
    // In the cycle one of three pairs is in the same order, two are reversed. The second judge ties the texts of the second prompt.
    let taus: Vec<(usize, usize, f64, usize)> =
        found.taus.iter().map(|tau| (tau.first, tau.second, value(tau.tau), tau.tau.unwrap().prompts)).collect();
    assert_eq!(taus, [(0, 1, -1.0 / 3.0, 1), (0, 2, (-1.0 / 3.0 + 1.0) / 2.0, 2), (1, 2, -1.0 / 3.0, 1)]);
    assert_eq!(found.taus[0].tau.unwrap().interval, None);
    let interval = found.taus[1].tau.unwrap().interval.unwrap();
    assert_eq!((interval.low, interval.high), (-1.0 / 3.0, 1.0));
    assert_eq!(found.cycles, [Cycle { prompt: 0, texts: vec![0, 1, 2] }]);
    assert_eq!(found.with_condorcet_winner, [1]);
    assert_eq!(found.dominated, [DominatedText { prompt: 1, text: 1, by: 0 }]);
}

#[test]
fn choices_of_rules() {
    let found = of(&prompts(), &["schulze", "weighted-sum", "maximal-lotteries"]);
    let third = 1.0 / 3.0;
    assert_eq!(found.rules[0].choices, [vec![(0, third), (1, third), (2, third)], vec![(0, 1.0)], vec![]]);
    assert_eq!(found.rules[1].choices, [vec![(2, 1.0)], vec![(0, 1.0)], vec![]]);
    assert_eq!(found.rules.iter().map(|rule| rule.tied).collect::<Vec<_>>(), [1, 0, 1]);
    // The third judge scores 4 on average in the cycle, and 9 the choice by the sum.
    let means = |rule: usize| found.rules[rule].mean_scores.iter().map(|mean| value(*mean)).collect::<Vec<_>>();
    assert_eq!(means(0), [3.5, 1.5, 3.5]);
    assert_eq!(means(1), [3.0, 1.5, 6.0]);
    let random: Vec<f64> = found.random_choice.iter().map(|mean| value(*mean)).collect();
    assert_eq!(random, [3.25, 1.5, 2.75]);
    let same: Vec<f64> = found.same_choices.iter().map(|same| value(same.share)).collect();
    // The same third in one of two prompts; two independent draws agree with probability 1/3.
    assert!(same.iter().all(|share| (share - 2.0 / 3.0).abs() < 1e-9), "{same:?}");
    assert_eq!(found.disputed(), [0]);
    assert_eq!(of(&prompts(), &["weighted-sum", "nash"]).disputed(), Vec::<usize>::new());
}

#[test]
fn rules_that_tie_the_same_texts_do_not_differ() {
    let equal = [of_scores([&[1.0, 1.0], &[2.0, 2.0], &[3.0, 3.0]])];
    let found = of(&equal, &["schulze", "borda", "maximal-lotteries", "weighted-sum"]);
    assert_eq!(found.disputed(), Vec::<usize>::new());
    // Two draws of one of two texts.
    assert_eq!(value(found.same_choices[0].share), 0.5);
    // One rule ties the texts of a cycle, and so does a lottery; the sum does not.
    assert_eq!(of(&prompts(), &["schulze", "maximal-lotteries"]).disputed(), Vec::<usize>::new());
    assert_eq!(of(&prompts(), &["schulze", "maximal-lotteries", "weighted-sum"]).disputed(), [0]);
}

#[test]
fn judges_that_abstain() {
    let tables = [
        table(&[
            ("a", &[Some(1.0), None, Some(3.0)]),
            ("b", &[Some(0.5), Some(0.1), None]),
            ("c", &[None, None, None]),
        ]),
        table(&[("a", &[None, None]), ("b", &[Some(1.0), Some(2.0)]), ("c", &[None, None])]),
    ];
    let found = of(&tables, &["borda"]);
    // Judges a and b both score one text only of the first prompt.
    assert!(found.taus.iter().all(|tau| tau.tau.is_none()));
    let scores = &found.random_choice;
    assert_eq!((value(scores[0]), scores[0].unwrap().prompts), (2.0, 1));
    assert_eq!(value(scores[1]), (0.3 + 1.5) / 2.0);
    assert_eq!(scores[2], None);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let message = |tables: &[&ScoreTable], names: &[&str]| {
        JudgeAgreement::of(tables, &rules(names), &Bootstrap::default()).unwrap_err().to_string()
    };
    let [cycle, other, single] = prompts();
    assert!(message(&[], &["borda"]).contains("no prompts"));
    assert!(message(&[&single], &["borda"]).contains("no prompts with two texts"));
    assert!(message(&[&cycle, &other], &["nash:2"]).contains("below the zero point 2"));
    let two = table(&[("j0", &[Some(1.0), Some(2.0)]), ("j1", &[Some(1.0), Some(2.0)])]);
    assert!(message(&[&cycle, &two], &["borda"]).contains("tables of the judges j0, j1, j2, found one of j0, j1"));
    let few = Bootstrap { resamples: 3, ..Bootstrap::default() };
    assert!(JudgeAgreement::of(&[&cycle], &rules(&["borda"]), &few).is_err());
}
