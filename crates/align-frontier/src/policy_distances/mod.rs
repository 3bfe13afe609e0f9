//! Distances between any number of policies of one architecture and tokeniser: of their weights, hidden states, next-token
//! distributions and texts.

mod along_texts;
mod divergences;
mod embeddings;
mod figures;
mod generated_texts;
mod grouped_ratio;
mod hidden_states;
mod judges;
mod matrices;
mod measure;
mod report;
mod statements;
mod tables;
mod weights;

pub use along_texts::{AlongTexts, HiddenStateOptions, TokenisedText};
pub use divergences::{DivergenceEstimate, NextTokenDivergences, next_token_divergences};
pub use generated_texts::{EmbeddingDistances, EmbeddingOptions, GeneratedTexts, LoadedEmbedder, TestedDistance};
pub use hidden_states::{HiddenSimilarity, LayerSimilarity};
pub use judges::{JudgeComparison, JudgeScores};
pub use matrices::TreeDistance;
pub use measure::policy_distances;
pub use report::DistancesContext;
pub use weights::{LayerDistance, WeightDistances, weight_distances};

use align_metrics::Bootstrap;
use align_models::CausalLm;
use serde::Serialize;

/// The result of a function that loads a model.
pub type LoadResult<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Which models are compared, and how.
pub struct DistanceOptions<'a> {
    /// The models' names, at least two.
    pub names: &'a [String],
    /// Loads a model by its index. At most two models are loaded at a time, so each is loaded several times.
    pub load: &'a dyn Fn(usize) -> LoadResult<Box<dyn CausalLm>>,
    /// Whether weights are compared.
    pub weights: bool,
    /// Comparisons along given texts, if any.
    pub along_texts: Option<AlongTexts<'a>>,
    /// Comparisons of texts that the models generate, if any.
    pub generated: Option<GeneratedTexts<'a>>,
    /// Options of the intervals.
    pub bootstrap: Bootstrap,
    /// Texts per batch.
    pub batch_size: usize,
    /// The seed of all random numbers but those of the bootstrap.
    pub seed: u64,
}

/// What is found about two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelPair<T> {
    /// The name of the model that was given first.
    pub first: String,
    /// The name of the other model.
    pub second: String,
    /// What is found.
    #[serde(flatten)]
    pub found: T,
}

/// The distances between policies. Each list of pairs has all pairs in one order: the first model with each later one, then the second with
/// each later one, and so on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PolicyDistances {
    /// The models' names.
    pub models: Vec<String>,
    /// Distances of weights, if they were measured.
    pub weights: Option<Vec<ModelPair<WeightDistances>>>,
    /// Similarities of hidden states by layer, if they were measured.
    pub hidden: Option<Vec<ModelPair<HiddenSimilarity>>>,
    /// Divergences of next-token distributions, if they were measured.
    pub divergence: Option<Vec<ModelPair<NextTokenDivergences>>>,
    /// Distances of the embeddings of generated texts, if they were measured.
    pub texts: Option<Vec<ModelPair<EmbeddingDistances>>>,
    /// Scores of the generated texts by each judge, if there are judges.
    pub judges: Option<Vec<JudgeComparison>>,
}

/// The indices of each two of `count` models, in the order of all lists of pairs.
fn pair_indices(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(move |first| (first + 1..count).map(move |second| (first, second)))
}

/// Names what is found about each pair.
fn named_pairs<T>(names: &[String], found: impl IntoIterator<Item = T>) -> Vec<ModelPair<T>> {
    let name = |index: usize| names.get(index).cloned().unwrap_or_default();
    let pairs = pair_indices(names.len()).zip(found);
    pairs.map(|((first, second), found)| ModelPair { first: name(first), second: name(second), found }).collect()
}
