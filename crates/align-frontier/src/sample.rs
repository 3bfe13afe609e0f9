use crate::error::option_error;
use crate::{Error, Result};
use align_data::Tokenizer;
use align_inference::generate_texts;
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};
use serde::{Deserialize, Serialize};

/// Sampling from the model's unmodified distribution, without beams, top-k or temperature, so that divergence estimates
/// are unbiased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingOptions {
    /// Texts per prompt.
    pub texts_per_prompt: usize,
    /// Maximum number of new tokens, including EOS.
    pub max_new_tokens: usize,
    /// The random seed. A text depends only on the seed, the prompt's index and its number.
    pub seed: u64,
}

/// A generated text and its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The prompt's index.
    pub prompt: usize,
    /// The completion's token ids, including EOS if it was generated.
    pub ids: Vec<i64>,
    /// The text, including the prompt.
    pub text: String,
    /// Its reward.
    pub reward: f64,
}

/// A reward function. The texts include their prompts.
pub type Score<'a> = dyn Fn(&[&str]) -> std::result::Result<Vec<f64>, String> + 'a;

/// Generates `texts_per_prompt` texts for each prompt and scores them. Texts of the same prompt are consecutive.
///
/// # Errors
/// When the model cannot continue a prompt, the tokeniser has no EOS, or a reward is missing or not finite.
pub fn sample(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    prompts: &[String],
    sampling: &SamplingOptions,
    batch_size: usize,
    score: &Score<'_>,
) -> Result<Vec<Sample>> {
    let end = tokenizer.eos_token_id().ok_or_else(|| option_error("model", "its tokeniser has no EOS token"))?;
    let generation = Generation::new(GenerationConfig {
        do_sample: true,
        top_k: Some(0),
        max_new_tokens: Some(sampling.max_new_tokens),
        eos_token_id: Some(vec![end]),
        seed: sampling.seed,
        ..GenerationConfig::default()
    })?;
    let texts = generate_texts(model, tokenizer, prompts, sampling.texts_per_prompt, &generation, Some(batch_size))?;
    let rewards =
        score(&texts.iter().map(|written| written.text.as_str()).collect::<Vec<_>>()).map_err(Error::Score)?;
    if rewards.len() != texts.len() {
        return Err(Error::Score(format!("expected {} rewards, found {}", texts.len(), rewards.len())));
    }
    if let Some((at, reward)) = rewards.iter().enumerate().find(|(_, reward)| !reward.is_finite()) {
        return Err(Error::Score(format!("text {} has the reward {reward}, expected a finite number", at + 1)));
    }
    let samples = texts.into_iter().zip(rewards).map(|(written, reward)| {
        let mut ids = written.completion.ids;
        ids.extend(written.completion.finished.then_some(end));
        Sample { prompt: written.prompt, ids, text: written.text, reward }
    });
    Ok(samples.collect())
}
