//! Policies beside the model before training, on equal prompts.

mod display;
mod measure;
mod report;

pub use measure::compare_policies;

use align_data::{ScoredText, Tokenizer};
use align_metrics::{EvaluationReport, PairedComparison, SampleMean};
use align_models::CausalLm;
use align_models::generation::GenerationConfig;

/// What policies are compared on.
pub struct ComparisonOptions<'a> {
    /// The tokeniser of all policies.
    pub tokenizer: &'a Tokenizer,
    /// The reward of texts.
    pub score: &'a crate::Score<'a>,
    /// The prompts, each once.
    pub prompts: &'a [&'a str],
    /// Places of the prompts that no training pair has; none where that is not known.
    pub held_out: &'a [usize],
    /// Texts a prompt from each policy.
    pub texts_per_prompt: usize,
    /// How the texts are written that are scored and shown. Divergences are estimated from others, drawn from the policies' own
    /// distributions with the seed after this one's, up to the same `max_length`.
    pub generation: GenerationConfig,
    /// Texts that go through a model at a time.
    pub batch_size: usize,
}

/// A policy and its name.
#[derive(Clone, Copy)]
pub struct NamedPolicy<'a> {
    /// What tables call it.
    pub name: &'a str,
    /// The model.
    pub model: &'a dyn CausalLm,
}

/// Policies on equal prompts, each with equally many texts.
#[derive(Debug, Clone)]
pub struct PolicyComparison {
    /// The model before training.
    pub reference: ComparedPolicy,
    /// The trained ones.
    pub policies: Vec<TrainedPolicy>,
    /// Texts a prompt from each.
    pub texts_per_prompt: usize,
}

/// A policy's texts in numbers.
#[derive(Debug, Clone)]
pub struct ComparedPolicy {
    /// What tables call it.
    pub name: String,
    /// Its texts with their rewards, those of a prompt side by side.
    pub texts: Vec<ScoredText>,
    /// Entropies and mean reward.
    pub report: EvaluationReport,
    /// The tokens' entropy, corrected after Chao, Wang and Jost, in nats.
    pub chao_wang_jost: f64,
}

/// A trained policy beside the model before training.
#[derive(Debug, Clone)]
pub struct TrainedPolicy {
    /// Its texts in numbers.
    pub policy: ComparedPolicy,
    /// Its rewards less the reference's, on all prompts.
    pub rewards: PairedComparison,
    /// The same on the held-out prompts, if there are any.
    pub held_out: Option<PairedComparison>,
    /// `KL(policy ‖ reference)`, in nats a text.
    pub kl: SampleMean,
    /// `KL(reference ‖ policy)`, in nats a text.
    pub opposite_kl: SampleMean,
}

impl ComparedPolicy {
    /// The reward of each text.
    #[must_use]
    pub fn rewards(&self) -> Vec<f64> {
        self.texts.iter().map(|text| text.score).collect()
    }

    /// Whether the interval of the mean reward lies above that of the other policy.
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

    /// What the intervals of the mean rewards say, a sentence a trained policy.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let reference = &self.reference;
        let sentence = |policy: &ComparedPolicy| match (policy.is_above(reference), reference.is_above(policy)) {
            (true, _) => {
                format!("{}: mean reward above {}'s, the intervals do not overlap", policy.name, reference.name)
            }
            (_, true) => {
                format!("{}: mean reward below {}'s, the intervals do not overlap", policy.name, reference.name)
            }
            _ => format!("{}: the intervals of mean reward overlap with {}'s", policy.name, reference.name),
        };
        self.policies.iter().map(|trained| sentence(&trained.policy)).collect()
    }
}
