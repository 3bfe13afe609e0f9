use super::PromptMean;
use crate::{Bootstrap, Error, Result};
use align_choice::{Options, Outcome, Rule, ScoreTable};
use serde::{Deserialize, Serialize};

/// The greatest difference between equal probabilities: those of a lottery come from a linear program.
const ROUNDING: f64 = 1e-6;

/// What a rule chooses for each prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleChoices {
    /// The rule.
    pub rule: Rule,
    /// For each prompt, the chosen texts with their probabilities: texts that share the first place are equally probable, and those of a lottery have
    /// its probabilities.
    pub choices: Vec<Vec<(usize, f64)>>,
    /// The number of prompts for which several texts may be chosen.
    pub tied: usize,
    /// The number of prompts for which the ranking of Kemeny-Young is not known to be the best one.
    #[serde(default)]
    pub inexact: usize,
    /// The mean score of the chosen text by each judge. `None` if the judge scores none.
    pub mean_scores: Vec<Option<PromptMean>>,
}

impl RuleChoices {
    pub(super) fn of(rule: &Rule, tables: &[&ScoreTable], judges: usize, bootstrap: &Bootstrap) -> Result<Self> {
        let choice = |table: &&ScoreTable| {
            let outcome = rule.apply(table, &Options::default()).map_err(Error::Rule)?;
            Ok((chosen(&outcome), outcome.kemeny.is_none_or(|kemeny| kemeny.is_exact)))
        };
        rule.check_zero_point(tables).map_err(Error::Rule)?;
        let (choices, is_exact): (Vec<_>, Vec<bool>) =
            tables.iter().map(choice).collect::<Result<Vec<_>>>()?.into_iter().unzip();
        Ok(Self {
            rule: rule.clone(),
            inexact: is_exact.iter().filter(|is_exact| !**is_exact).count(),
            tied: choices.iter().filter(|choice| choice.len() > 1).count(),
            mean_scores: mean_scores(tables, &choices, judges, bootstrap)?,
            choices,
        })
    }

    /// The probability that this rule and another one choose the same text for a prompt, if each draws among the texts that it ties on its own. So it
    /// is below 1 for two rules that tie the same texts.
    #[must_use]
    pub fn same_choice(&self, other: &Self, prompt: usize) -> f64 {
        let (Some(ours), Some(theirs)) = (self.choices.get(prompt), other.choices.get(prompt)) else { return 0.0 };
        let same =
            |(text, p): &(usize, f64)| theirs.iter().find(|(other, _)| other == text).map_or(0.0, |(_, q)| p * q);
        ours.iter().map(same).sum()
    }

    /// Whether this rule and another one choose the texts of a prompt with the same probabilities, but for rounding errors.
    #[must_use]
    pub fn is_same(&self, other: &Self, prompt: usize) -> bool {
        let (Some(ours), Some(theirs)) = (self.choices.get(prompt), other.choices.get(prompt)) else { return false };
        let is_equal = |((a, p), (b, q)): (&(usize, f64), &(usize, f64))| a == b && (p - q).abs() <= ROUNDING;
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(is_equal)
    }
}

/// The texts that may be chosen, with their probabilities.
fn chosen(outcome: &Outcome) -> Vec<(usize, f64)> {
    let share = 1.0 / outcome.winners.len() as f64;
    let probability = |at: usize| match &outcome.lottery {
        Some(lottery) => lottery.get(at).copied().unwrap_or(0.0),
        None => share,
    };
    outcome.winners.iter().map(|at| (*at, probability(*at))).collect()
}

/// The mean scores by each judge of texts that are drawn with these probabilities.
pub(super) fn mean_scores(
    tables: &[&ScoreTable],
    choices: &[Vec<(usize, f64)>],
    judges: usize,
    bootstrap: &Bootstrap,
) -> Result<Vec<Option<PromptMean>>> {
    let of_judge = |judge: usize| {
        let expected = |(table, choice): (&&ScoreTable, &Vec<(usize, f64)>)| {
            let scores = table.judges().get(judge)?.scores();
            let scored = choice.iter().filter_map(|(text, p)| Some((scores.get(*text).copied().flatten()?, p)));
            let (sum, total) = scored.fold((0.0, 0.0), |(sum, total), (score, p)| (sum + p * score, total + p));
            (total > 0.0).then(|| sum / total)
        };
        PromptMean::of(tables.iter().zip(choices).map(expected), bootstrap)
    };
    (0..judges).map(of_judge).collect()
}
