//! Compares trained policies with the model before training on the same prompts.

mod compare_policies;
mod display;
mod report;

pub use compare_policies::compare_policies;

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

impl ComparedPolicy {
    /// The reward of each text.
    #[must_use]
    pub fn rewards(&self) -> Vec<f64> {
        self.texts.iter().map(|text| text.score).collect()
    }

    /// Whether the interval of the mean reward is entirely above the other policy's.
    #[must_use]
    pub fn is_above(&self, other: &Self) -> bool {
        match (self.report.mean_reward, other.report.mean_reward) {
            (Some(ours), Some(theirs)) => ours.interval.low > theirs.interval.high,
            _ => false,
        }
    }
}

impl PolicyComparison {
    /// The reference, then the trained policies.
    pub fn all(&self) -> impl Iterator<Item = &ComparedPolicy> {
        std::iter::once(&self.reference).chain(self.policies.iter().map(|trained| &trained.policy))
    }

    /// Compares the intervals of the mean rewards: one sentence per trained policy.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let reference = &self.reference;
        let sentence = |policy: &ComparedPolicy| match (policy.is_above(reference), reference.is_above(policy)) {
            (true, _) => {
                format!(
                    "{}: the mean reward is above that of {}: the intervals do not overlap",
                    policy.name, reference.name
                )
            }
            (_, true) => {
                format!(
                    "{}: the mean reward is below that of {}: the intervals do not overlap",
                    policy.name, reference.name
                )
            }
            _ => format!("{}: the interval of the mean reward overlaps with that of {}", policy.name, reference.name),
        };
        self.policies.iter().map(|trained| sentence(&trained.policy)).collect()
    }
}
