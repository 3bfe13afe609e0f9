mod choices;
mod prompt_mean;

pub use choices::RuleChoices;
pub use prompt_mean::PromptMean;

use crate::{Bootstrap, Error, Result};
use align_choice::{PairwisePreferences, Rule, ScoreTable, Unranked, condorcet_cycle, condorcet_winner};
use choices::mean_scores;
use serde::{Deserialize, Serialize};

/// How far several judges agree about the texts of prompts, and what voting rules choose. Prompts with a single text do not count.
///
/// ```
/// use align_choice::{Judge, Rule, ScoreTable};
/// use align_metrics::{Bootstrap, JudgeAgreement};
///
/// // The judges of the second prompt disagree.
/// let table = |helpful: [f64; 2], safe: [f64; 2]| {
///     ScoreTable::new(["first", "second"], [Judge::new("helpful", helpful), Judge::new("safe", safe)])
/// };
/// let (agreed, disputed) = (table([0.9, 0.1], [3.0, 1.0])?, table([0.9, 0.1], [0.0, 4.0])?);
/// let rules = ["borda".parse::<Rule>()?, "weighted-sum".parse()?];
/// let found = JudgeAgreement::of(&[&agreed, &disputed], &rules, &Bootstrap::default())?;
/// assert_eq!(found.taus[0].tau.map(|tau| tau.value), Some(0.0)); // 1 and -1
/// assert_eq!(found.rules[1].choices, [[(0, 1.0)], [(1, 1.0)]]);
/// assert_eq!(found.same_choices[0].share.map(|share| share.value), Some(0.75)); // Borda ties the texts of the second prompt
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeAgreement {
    /// Number of prompts with several texts.
    pub prompts: usize,
    /// Number of prompts with a single text, which are left out.
    pub single_texts: usize,
    /// Number of texts of the prompts that count.
    pub texts: usize,
    /// The names of the judges.
    pub judges: Vec<String>,
    /// Kendall's tau-b between each two judges.
    pub taus: Vec<JudgeTau>,
    /// The prompts that have a text which beats each other one by a majority.
    pub with_condorcet_winner: Vec<usize>,
    /// The prompts whose best texts beat each other in a cycle.
    pub cycles: Vec<Cycle>,
    /// The texts that another one of the same prompt Pareto-dominates.
    pub dominated: Vec<DominatedText>,
    /// The mean score by each judge of a text drawn at random for each prompt, to compare the rules with.
    pub random_choice: Vec<Option<PromptMean>>,
    /// What each rule chooses.
    pub rules: Vec<RuleChoices>,
    /// How often each two rules choose the same text.
    pub same_choices: Vec<SameChoices>,
}

/// The mean over prompts of Kendall's tau-b between the scores of two judges. A prompt to whose texts one of them gives equal scores only does not
/// count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeTau {
    /// One judge's index.
    pub first: usize,
    /// The other's.
    pub second: usize,
    /// The mean. `None` if no prompt counts.
    pub tau: Option<PromptMean>,
}

/// A cycle of majorities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The prompt's index.
    pub prompt: usize,
    /// The texts: each beats the next, and the last one beats the first.
    pub texts: Vec<usize>,
}

/// A text that no judge scores higher than another one, which some judge scores higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DominatedText {
    /// The prompt's index.
    pub prompt: usize,
    /// The text.
    pub text: usize,
    /// The text that dominates it.
    pub by: usize,
}

/// How often two rules choose the same text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SameChoices {
    /// One rule's index.
    pub first: usize,
    /// The other's.
    pub second: usize,
    /// The mean probability of the same choice ([`RuleChoices::same_choice`]).
    pub share: Option<PromptMean>,
}

impl JudgeAgreement {
    /// Compares the judges of tables, one for each prompt, and the rules.
    ///
    /// Texts that share the first place are chosen with equal probability. Intervals are bootstrap percentiles over prompts.
    ///
    /// # Errors
    /// No prompt with several texts; tables of different judges; scores that do not suit a rule; an option out of range.
    pub fn of(prompts: &[&ScoreTable], rules: &[Rule], bootstrap: &Bootstrap) -> Result<Self> {
        bootstrap.validate()?;
        let judges = names(prompts)?;
        // The indices of the prompts that count, and their tables.
        let (numbers, tables): (Vec<usize>, Vec<&ScoreTable>) =
            prompts.iter().enumerate().filter(|(_, table)| table.candidates().len() > 1).unzip();
        if tables.is_empty() {
            return Err(Error::Empty("prompts with two texts"));
        }
        let uniform = |table: &&ScoreTable| {
            let count = table.candidates().len();
            (0..count).map(|text| (text, 1.0 / count as f64)).collect::<Vec<_>>()
        };
        let uniform: Vec<Vec<(usize, f64)>> = tables.iter().map(uniform).collect();
        let random_choice = mean_scores(&tables, &uniform, judges.len(), bootstrap)?;
        let rules = rules
            .iter()
            .map(|rule| RuleChoices::of(rule, &tables, judges.len(), bootstrap))
            .collect::<Result<Vec<_>>>()?;
        let (with_condorcet_winner, cycles) = majorities(&numbers, &tables)?;
        let found = Self {
            prompts: tables.len(),
            single_texts: prompts.len() - tables.len(),
            texts: tables.iter().map(|table| table.candidates().len()).sum(),
            taus: taus(&tables, judges.len(), bootstrap)?,
            same_choices: same_choices(&rules, tables.len(), bootstrap)?,
            dominated: dominated(&numbers, &tables),
            judges,
            with_condorcet_winner,
            cycles,
            random_choice,
            rules,
        };
        Ok(found.with_all_prompts(&numbers, prompts.len()))
    }

    /// Moves the choices of the prompts that count to their indices; the others have none.
    fn with_all_prompts(mut self, numbers: &[usize], prompts: usize) -> Self {
        for rule in &mut self.rules {
            let mut all = vec![Vec::new(); prompts];
            for (number, choice) in numbers.iter().zip(std::mem::take(&mut rule.choices)) {
                if let Some(at) = all.get_mut(*number) {
                    *at = choice;
                }
            }
            rule.choices = all;
        }
        self
    }

    /// The prompts for which not all rules choose the same texts with the same probabilities.
    #[must_use]
    pub fn disputed(&self) -> Vec<usize> {
        let Some((first, others)) = self.rules.split_first() else { return Vec::new() };
        let is_single = |prompt: &usize| first.choices.get(*prompt).is_some_and(Vec::is_empty);
        let is_same = |prompt: usize| others.iter().all(|other| first.is_same(other, prompt));
        (0..first.choices.len()).filter(|prompt| !is_single(prompt) && !is_same(*prompt)).collect()
    }
}

/// The names of the judges, which must be those of all tables.
fn names(prompts: &[&ScoreTable]) -> Result<Vec<String>> {
    let names = |table: &ScoreTable| table.judges().iter().map(|judge| judge.name().to_owned()).collect::<Vec<_>>();
    let Some((first, others)) = prompts.split_first() else { return Err(Error::Empty("prompts")) };
    let judges = names(first);
    match others.iter().map(|table| names(table)).find(|other| *other != judges) {
        None => Ok(judges),
        Some(other) => Err(Error::Option {
            option: "prompts",
            expected: format!("tables of the judges {}", judges.join(", ")),
            found: format!("one of {}", other.join(", ")),
        }),
    }
}

fn each_two(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |first| (first + 1..count).map(move |second| (first, second)))
}

fn taus(tables: &[&ScoreTable], judges: usize, bootstrap: &Bootstrap) -> Result<Vec<JudgeTau>> {
    let of_prompts: Vec<Vec<Vec<Option<f64>>>> = tables.iter().map(|table| table.kendall_tau_b()).collect();
    let tau = |(first, second): (usize, usize)| {
        let values = of_prompts.iter().map(|taus| *taus.get(first)?.get(second)?);
        Ok(JudgeTau { first, second, tau: PromptMean::of(values, bootstrap)? })
    };
    each_two(judges).map(tau).collect()
}

/// The prompts with a Condorcet winner, and those with a cycle.
fn majorities(numbers: &[usize], tables: &[&ScoreTable]) -> Result<(Vec<usize>, Vec<Cycle>)> {
    let (mut winners, mut cycles) = (Vec::new(), Vec::new());
    for (&prompt, table) in numbers.iter().zip(tables) {
        let pairs = PairwisePreferences::new(&table.profile(), Unranked::NoOpinion).map_err(Error::Rule)?;
        winners.extend(condorcet_winner(&pairs).map(|_| prompt));
        cycles.extend(condorcet_cycle(&pairs).map(|texts| Cycle { prompt, texts }));
    }
    Ok((winners, cycles))
}

fn dominated(numbers: &[usize], tables: &[&ScoreTable]) -> Vec<DominatedText> {
    let of_prompt = |(&prompt, table): (&usize, &&ScoreTable)| {
        let dominators = table.pareto_dominators().into_iter().enumerate();
        dominators.filter_map(move |(text, by)| Some(DominatedText { prompt, text, by: by? })).collect::<Vec<_>>()
    };
    numbers.iter().zip(tables).flat_map(of_prompt).collect()
}

fn same_choices(rules: &[RuleChoices], prompts: usize, bootstrap: &Bootstrap) -> Result<Vec<SameChoices>> {
    let same = |(first, second): (usize, usize)| {
        let shares = (0..prompts).map(|prompt| Some(rules.get(first)?.same_choice(rules.get(second)?, prompt)));
        Ok(SameChoices { first, second, share: PromptMean::of(shares, bootstrap)? })
    };
    each_two(rules.len()).map(same).collect()
}
