use super::LoadResult;
use super::embeddings::embed;
use super::judges::JudgeScores;
use crate::error::option_error;
use crate::{Error, Result};
use align_data::Tokenizer;
use align_inference::generate_texts;
use align_metrics::{
    Clusters, EnergyDistance, Mmd, PairwiseDistances, PermutationTest, Samples, SlicedWasserstein, holm_adjusted,
    median_distance,
};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};
use serde::Serialize;

/// A model whose hidden states are the embeddings of texts, with its tokeniser.
pub type LoadedEmbedder = (Box<dyn CausalLm>, Tokenizer);

/// Comparisons of texts that the models generate for the same prompts, sampled from their unmodified distributions. The draws of
/// the models are independent of each other, which the tests need.
pub struct GeneratedTexts<'a> {
    /// The tokeniser of all models.
    pub tokenizer: &'a Tokenizer,
    /// The prompts, without duplicates.
    pub prompts: &'a [String],
    /// Texts per prompt and model.
    pub texts_per_prompt: usize,
    /// Maximum number of new tokens.
    pub max_new_tokens: usize,
    /// How the embeddings of texts are compared, if they are.
    pub embeddings: Option<EmbeddingOptions<'a>>,
    /// The names of the judges.
    pub judges: &'a [String],
    /// Scores texts with the judge of an index.
    pub score: &'a JudgeScores<'a>,
}

/// How the embeddings of texts are compared.
pub struct EmbeddingOptions<'a> {
    /// Loads the embedder.
    pub load: &'a dyn Fn() -> LoadResult<LoadedEmbedder>,
    /// Number of directions of the sliced Wasserstein distance.
    pub projections: usize,
    /// Options of the tests.
    pub test: PermutationTest,
}

/// The distances of the embeddings of texts that two models generate. The p-values are those of permutation tests within prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EmbeddingDistances {
    /// The unbiased squared maximum mean discrepancy, of one kernel for all pairs.
    pub mmd_squared: TestedDistance,
    /// The energy distance.
    pub energy_distance: TestedDistance,
    /// The sliced Wasserstein distance of order 2.
    pub sliced_wasserstein: TestedDistance,
}

/// A distance with the p-value of a permutation test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TestedDistance {
    /// The distance.
    pub value: f64,
    /// The probability of a distance at least as large, if both models generate texts of the same distribution.
    pub p_value: f64,
    /// The p-value after Holm's correction for all pairs of models.
    pub adjusted_p_value: f64,
}

impl GeneratedTexts<'_> {
    pub(super) fn check(&self) -> Result<()> {
        let least = |option, found: usize, least: usize| match found < least {
            true => Err(option_error(option, format!("is {found}, expected at least {least}"))),
            false => Ok(()),
        };
        least("prompts", self.prompts.len(), 2)?;
        least("texts_per_prompt", self.texts_per_prompt, 1)?;
        // The distances of the texts of two models are in memory at a time.
        let most = PairwiseDistances::MOST_VECTORS / 2;
        if self.embeddings.is_some() && self.prompts.len().saturating_mul(self.texts_per_prompt) > most {
            let (found, prompts) = (self.texts_per_prompt, self.prompts.len());
            let problem = format!(
                "is {found} for {prompts} prompts, but the embeddings of at most {most} texts of each model are compared: take \
                 fewer texts or prompts, or compare judges alone"
            );
            return Err(option_error("texts_per_prompt", problem));
        }
        least("max_new_tokens", self.max_new_tokens, 1)
    }

    /// The texts of a model, those of a prompt next to each other.
    pub(super) fn generate(&self, model: Box<dyn CausalLm>, seed: u64, batch_size: usize) -> Result<Vec<String>> {
        let model = model.packed()?.unwrap_or(model);
        let generation = Generation::new(GenerationConfig {
            do_sample: true,
            top_k: Some(0),
            max_new_tokens: Some(self.max_new_tokens),
            eos_token_id: self.tokenizer.eos_token_id().map(|id| vec![id]),
            seed,
            ..GenerationConfig::default()
        })?;
        let each = self.texts_per_prompt;
        let generated = generate_texts(&model, self.tokenizer, self.prompts, each, &generation, Some(batch_size))?;
        Ok(generated.into_iter().map(|text| text.text).collect())
    }

    /// The prompt of each text of a model.
    pub(super) fn prompt_of_each_text(&self) -> Vec<usize> {
        (0..self.prompts.len()).flat_map(|prompt| std::iter::repeat_n(prompt, self.texts_per_prompt)).collect()
    }
}

impl EmbeddingOptions<'_> {
    /// Compares the texts of each two models, of which `prompts` are the prompts. The result has one element per pair.
    pub(super) fn compare(
        &self,
        texts: &[Vec<String>],
        prompts: &[usize],
        (seed, batch_size): (u64, usize),
    ) -> Result<Vec<EmbeddingDistances>> {
        let all: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
        let (embedder, tokenizer) = (self.load)().map_err(Error::Load)?;
        let (width, embeddings) = embed(embedder.as_ref(), &tokenizer, &all, batch_size)?;
        drop(embedder);
        let bandwidth = median_distance(&Samples::new(width, &embeddings)?, seed).unwrap_or(1.0);
        let models = embeddings.chunks(width * prompts.len()).map(|of_model| Samples::new(width, of_model));
        let models = models.collect::<align_metrics::Result<Vec<_>>>()?;
        let clusters = Clusters::by(&[prompts, prompts].concat());
        let test = |statistic: &dyn Fn(&[bool]) -> f64| {
            self.test.p_value(prompts.len(), prompts.len(), Some(&clusters), statistic)
        };
        let mut found: Vec<[Tested; 3]> = Vec::new();
        for (first, second) in super::pair_indices(models.len()) {
            let (Some(x), Some(y)) = (models.get(first), models.get(second)) else { continue };
            let distances = PairwiseDistances::new(x, y)?;
            let mmd = Mmd::of_distances(&distances, bandwidth)?;
            let tested_mmd = (mmd.squared(), test(&|split| mmd.of_split(split))?);
            drop(mmd);
            let energy = EnergyDistance::of_distances(distances);
            let tested_energy = (energy.value(), test(&|split| energy.of_split(split))?);
            drop(energy);
            let sliced = SlicedWasserstein::new(x, y, self.projections, seed)?;
            found.push([tested_mmd, tested_energy, (sliced.value(), test(&|split| sliced.of_split(split))?)]);
        }
        adjusted(&found)
    }
}

/// A distance and its p-value.
type Tested = (f64, f64);

/// Adjusts the p-values of each distance for the number of pairs.
fn adjusted(found: &[[Tested; 3]]) -> Result<Vec<EmbeddingDistances>> {
    let of = |at: fn(&[Tested; 3]) -> Tested| {
        let p_values: Vec<f64> = found.iter().map(|pair| at(pair).1).collect();
        let tested = found.iter().map(at).zip(holm_adjusted(&p_values)?);
        let tested =
            tested.map(|((value, p_value), adjusted)| TestedDistance { value, p_value, adjusted_p_value: adjusted });
        Ok::<Vec<TestedDistance>, crate::Error>(tested.collect())
    };
    let (mmd, energy, sliced) = (of(|[mmd, _, _]| *mmd)?, of(|[_, energy, _]| *energy)?, of(|[_, _, sliced]| *sliced)?);
    let all = mmd.into_iter().zip(energy).zip(sliced);
    Ok(all
        .map(|((mmd_squared, energy_distance), sliced_wasserstein)| EmbeddingDistances {
            mmd_squared,
            energy_distance,
            sliced_wasserstein,
        })
        .collect())
}
