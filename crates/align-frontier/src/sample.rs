use crate::error::refusal;
use crate::{Error, Result};
use align_data::Tokenizer;
use align_inference::generate_texts;
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig};
use serde::{Deserialize, Serialize};

/// How texts are sampled: from the model's own distribution, without beams, top-k or another temperature, so that
/// estimates of divergences from them are unbiased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Texts a prompt.
    pub texts_per_prompt: usize,
    /// Most tokens behind a prompt, the end included.
    pub max_new_tokens: usize,
    /// Fixes the draws: a text is a function of the seed, its prompt's place and its number.
    pub seed: u64,
}

/// A text that a model wrote, and its reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The prompt's place.
    pub prompt: usize,
    /// The tokens behind the prompt, the end included where the model came to one.
    pub ids: Vec<i64>,
    /// The text, prompt included.
    pub text: String,
    /// Its reward.
    pub reward: f64,
}

/// The reward of each text, prompt included.
pub type Score<'a> = dyn Fn(&[&str]) -> std::result::Result<Vec<f64>, String> + 'a;

/// Continues each prompt `texts_per_prompt` times and scores the texts; those of a prompt stand side by side.
///
/// # Errors
/// A prompt that the model cannot continue so far, a tokeniser without an end of text, or a reward that is missing or not
/// finite.
pub fn sample(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    prompts: &[String],
    sampling: &Sampling,
    batch_size: usize,
    score: &Score<'_>,
) -> Result<Vec<Sample>> {
    let end = tokenizer.eos_token_id().ok_or_else(|| refusal("model", "its tokeniser names no end of text"))?;
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
