use crate::error::option_error;
use crate::{Error, Result};
use align_data::Tokenizer;
use align_inference::{GeneratedText, generate_texts};
use align_models::CausalLm;
use align_models::generation::{Generation, GenerationConfig, check_completions_fit_memory};
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
    let texts = generate_samples(model, tokenizer, prompts, sampling, batch_size)?;
    let rewards = score(&texts.iter().map(|sample| sample.text.as_str()).collect::<Vec<_>>()).map_err(Error::Score)?;
    check_scores(None, &rewards, texts.len())?;
    let sample = |(UnscoredSample { prompt, ids, text }, reward)| Sample { prompt, ids, text, reward };
    Ok(texts.into_iter().zip(rewards).map(sample).collect())
}

/// A generated text without a reward.
pub(crate) struct UnscoredSample {
    /// The prompt's index.
    pub(crate) prompt: usize,
    /// The completion's token ids, including EOS if it was generated.
    pub(crate) ids: Vec<i64>,
    /// The text, including the prompt.
    pub(crate) text: String,
}

/// Generates `texts_per_prompt` texts for each prompt.
pub(crate) fn generate_samples(
    model: &dyn CausalLm,
    tokenizer: &Tokenizer,
    prompts: &[String],
    sampling: &SamplingOptions,
    batch_size: usize,
) -> Result<Vec<UnscoredSample>> {
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
    let samples = texts.into_iter().map(|GeneratedText { prompt, text, completion, .. }| {
        let mut ids = completion.ids;
        ids.extend(completion.finished.then_some(end));
        UnscoredSample { prompt, ids, text }
    });
    Ok(samples.collect())
}

/// Rejects scores that are missing or not finite. `judge` is the name of the judge if there are several.
pub(crate) fn check_scores(judge: Option<&str>, scores: &[f64], texts: usize) -> Result<()> {
    let failed = |problem: String| {
        Error::Score(judge.map_or(problem.clone(), |judge| format!("{}: {problem}", align_base::printable(judge))))
    };
    if scores.len() != texts {
        return Err(failed(format!("expected {texts} scores, found {}", scores.len())));
    }
    match scores.iter().enumerate().find(|(_, score)| !score.is_finite()) {
        Some((at, score)) => Err(failed(format!("text {} has the score {score}, expected a finite number", at + 1))),
        None => Ok(()),
    }
}

/// Checks the prompts of a sweep, and how many texts are sampled for training and for evaluation.
pub(crate) fn check_sampling(
    prompts: &[String],
    held_out: &[usize],
    training_texts: &SamplingOptions,
    evaluation: &SamplingOptions,
) -> Result<()> {
    if let Some(index) = held_out.iter().find(|index| **index >= prompts.len()) {
        return Err(option_error("held_out", format!("there is no prompt {index}: indices are counted from 0")));
    }
    if held_out.len() >= prompts.len() {
        return Err(option_error("held_out", "leaves no prompt to train on"));
    }
    for (name, sampling, least) in [("training_texts", training_texts, 2), ("evaluation", evaluation, 1)] {
        if sampling.texts_per_prompt < least {
            return Err(option_error(name, format!("expected at least {least} texts per prompt")));
        }
        check_completions_fit_memory("texts_per_prompt", prompts.len(), sampling.texts_per_prompt)?;
    }
    if training_texts.seed == evaluation.seed {
        let problem = "has the same seed as training_texts: the policies would be evaluated on the training texts";
        return Err(option_error("evaluation", problem));
    }
    Ok(())
}
