//! Compares trained policies with the model before training on the same prompts.

mod compare_policies;
mod display;
mod report;

pub use compare_policies::compare_policies;

use crate::Comparison;
use crate::comparison::format_estimate;
use align_data::{ScoredText, Tokenizer};
use align_metrics::{EvaluationReport, PairedComparison, SampleMean};
use align_models::CausalLm;
use align_models::generation::GenerationConfig;
use serde::Serialize;

/// Options of a policy comparison.
pub struct ComparisonOptions<'a> {
    /// The tokeniser of all policies.
    pub tokenizer: &'a Tokenizer,
    /// The reward function.
    pub score: &'a crate::Score<'a>,
    /// The prompts, without duplicates.
    pub prompts: &'a [&'a str],
    /// Indices of the prompts without training pairs; empty if unknown.
    pub held_out: &'a [usize],
    /// Texts per prompt and policy.
    pub texts_per_prompt: usize,
    /// How the reported texts are generated. Divergences are estimated from separate texts, which are sampled from the
    /// policies' unmodified distributions with the next seed, up to the same `max_length`.
    pub generation: GenerationConfig,
    /// Texts per batch.
    pub batch_size: usize,
}

/// A policy and its name.
#[derive(Clone, Copy)]
pub struct NamedPolicy<'a> {
    /// Its name in tables.
    pub name: &'a str,
    /// The model.
    pub model: &'a dyn CausalLm,
}

/// A comparison of policies on the same prompts, with the same number of texts each.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyComparison {
    /// The model before training.
    pub reference: ComparedPolicy,
    /// The trained policies.
    pub policies: Vec<TrainedPolicy>,
    /// The trained policies compared with each other.
    pub pairs: Vec<PolicyPair>,
    /// Texts per prompt and policy.
    pub texts_per_prompt: usize,
}

/// The measurements of a policy's texts.
#[derive(Debug, Clone, Serialize)]
pub struct ComparedPolicy {
    /// Its name in tables.
    pub name: String,
    /// Its texts with rewards. Texts of the same prompt are consecutive.
    pub texts: Vec<ScoredText>,
    /// Entropies and mean reward.
    pub report: EvaluationReport,
    /// The token entropy with the correction of Chao, Wang and Jost, in nats.
    pub chao_wang_jost: f64,
}

/// A trained policy compared with the reference.
#[derive(Debug, Clone, Serialize)]
pub struct TrainedPolicy {
    /// Its own measurements.
    pub policy: ComparedPolicy,
    /// Its rewards compared with the reference's, on all prompts.
    pub rewards: PairedComparison,
    /// The same comparison on the held-out prompts, if there are any.
    pub held_out: Option<PairedComparison>,
    /// `KL(policy ‖ reference)` in nats per text.
    pub kl_policy_reference: SampleMean,
    /// `KL(reference ‖ policy)` in nats per text.
    pub kl_reference_policy: SampleMean,
}

/// Two trained policies and the difference of their rewards on the same prompts.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyPair {
    /// The policy with the higher mean reward.
    pub above: String,
    /// The other policy.
    pub below: String,
    /// The rewards of the first compared with those of the second.
    pub rewards: Comparison,
}

impl ComparedPolicy {
    /// The reward of each text.
    #[must_use]
    pub fn rewards(&self) -> Vec<f64> {
        self.texts.iter().map(|text| text.score).collect()
    }
}

impl PolicyComparison {
    /// The reference, then the trained policies.
    pub fn all(&self) -> impl Iterator<Item = &ComparedPolicy> {
        std::iter::once(&self.reference).chain(self.policies.iter().map(|trained| &trained.policy))
    }

    /// The findings as sentences: first how the trained policies differ, then how each differs from the reference.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut findings: Vec<String> = self.pairs.iter().map(PolicyPair::describe).collect();
        findings.extend(self.policies.iter().map(|trained| trained.describe(&self.reference.name)));
        findings
    }
}

impl PolicyPair {
    fn describe(&self) -> String {
        let Self { above, below, rewards } = self;
        let difference = format_estimate(rewards.paired.mean_difference);
        match rewards.is_significant() {
            true => format!("{above} has a higher reward than {below} (by {difference})."),
            false => format!("The rewards of {above} and {below} could not be told apart (difference {difference})."),
        }
    }
}

impl TrainedPolicy {
    fn describe(&self, reference: &str) -> String {
        let (name, difference) = (&self.policy.name, self.rewards.mean_difference);
        let (interval, by) = (difference.interval, format_estimate(difference));
        if interval.low > 0.0 {
            format!("{name} has a higher reward than {reference} (by {by}).")
        } else if interval.high < 0.0 {
            format!("{name} has a lower reward than {reference} (difference {by}).")
        } else {
            format!("The rewards of {name} and {reference} could not be told apart (difference {by}).")
        }
    }
}
