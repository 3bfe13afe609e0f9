use super::PolicyKind;
use super::policy_kind::{soup_count, soups};
use crate::error::option_error;
use crate::sample::check_sampling;
use crate::train_policy::{check_shared_options, run_config};
use crate::{Result, SamplingOptions};
use align_choice::{Judge, Options, Rule, ScoreTable};
use align_metrics::Bootstrap;
use align_train::{DpoConfig, RunConfig};
use serde::{Deserialize, Serialize};

/// Maximum number of soups.
const MOST_SOUPS: u64 = 60;
/// Maximum number of steps between the judges, which limits the soups that are counted.
const MOST_STEPS: u32 = 100;
/// Maximum number of judges.
const MOST_JUDGES: usize = 6;

/// The options of a sweep over rules, besides the models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeSweepOptions {
    /// The names of the judges; at least two.
    pub judges: Vec<String>,
    /// The weight of each judge, for the rules and the mean standard score.
    pub weights: Vec<f64>,
    /// The rules that make preferences of the judges' scores. A policy is trained on those of each rule, and of each judge alone.
    pub rules: Vec<Rule>,
    /// Soups are averaged with weights that are multiples of `1 / soup_steps`. There are none for 0 or 1.
    pub soup_steps: u32,
    /// The prompts, without duplicates.
    pub prompts: Vec<String>,
    /// Indices of held-out prompts, which are evaluated but not used for training pairs.
    pub held_out: Vec<usize>,
    /// How the texts for the training pairs are sampled. All policies are trained on pairs of the same texts.
    pub training_texts: SamplingOptions,
    /// Number of random pairs per prompt.
    pub pairs_per_prompt: usize,
    /// How texts for the evaluation are sampled.
    pub evaluation: SamplingOptions,
    /// The training options of all policies.
    pub dpo: DpoConfig,
    /// Options of the bootstrap intervals.
    pub bootstrap: Bootstrap,
}

impl JudgeSweepOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// When an option is invalid or would be ignored.
    pub fn validate(&self) -> Result<()> {
        if !(2..=MOST_JUDGES).contains(&self.judges.len()) {
            let found = self.judges.len();
            return Err(option_error("judges", format!("expected 2 to {MOST_JUDGES}, found {found}")));
        }
        if self.weights.len() != self.judges.len() {
            let (judges, found) = (self.judges.len(), self.weights.len());
            return Err(option_error("weights", format!("expected one for each of {judges} judges, found {found}")));
        }
        if self.rules.is_empty() {
            return Err(option_error("rules", "there are none: name at least one"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            if self.rules.iter().skip(index + 1).any(|other| other == rule) {
                return Err(option_error("rules", format!("{rule} occurs twice: name it once")));
            }
            self.check_rule(rule)?;
        }
        if self.soup_steps > MOST_STEPS {
            return Err(option_error("soup_steps", format!("is {}, expected at most {MOST_STEPS}", self.soup_steps)));
        }
        let soups = soup_count(self.judges.len(), self.soup_steps);
        if soups > MOST_SOUPS {
            let problem =
                format!("{} gives {soups} soups, at most {MOST_SOUPS} are allowed: lower it", self.soup_steps);
            return Err(option_error("soup_steps", problem));
        }
        check_sampling(&self.prompts, &self.held_out, &self.training_texts, &self.evaluation)?;
        check_shared_options(&self.dpo)?;
        self.bootstrap.validate()?;
        Ok(run_config(&self.dpo).validate()?)
    }

    /// Checks the names and weights of the judges, and that the judges in the rule exist.
    fn check_rule(&self, rule: &Rule) -> Result<()> {
        // The scores of a rule such as the Nash product are checked when there are some.
        let scores = [1.0, 2.0];
        let judges =
            self.judges.iter().zip(&self.weights).map(|(name, weight)| Judge::new(name, scores).weighted(*weight));
        let table = ScoreTable::new(["a", "b"], judges).map_err(|e| option_error("judges", e.to_string()))?;
        match rule.apply(&table, &Options::default()) {
            Ok(_) | Err(align_choice::Error::BelowZeroPoint { .. }) => Ok(()),
            Err(problem) => Err(option_error("rules", format!("{rule}: {problem}"))),
        }
    }

    /// The policies after the model before training: those of the judges, of the rules, and the soups.
    pub(super) fn policies(&self) -> Vec<PolicyKind> {
        let judges = (0..self.judges.len()).map(PolicyKind::Judge);
        let rules = self.rules.iter().cloned().map(PolicyKind::Rule);
        let soups = soups(self.judges.len(), self.soup_steps).into_iter().map(PolicyKind::Soup);
        judges.chain(rules).chain(soups).collect()
    }
}
