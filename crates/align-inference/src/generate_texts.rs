use crate::Result;
use align_base::Progress;
use align_data::Tokenizer;
use align_models::CausalLm;
use align_models::generation::{Completion, CompletionGenerator, Generation};

/// A generated text.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedText {
    /// The index of the prompt.
    pub prompt: usize,
    /// The token ids of the prompt.
    pub prompt_ids: Vec<i64>,
    /// The generated tokens, and how the generation ended.
    pub completion: Completion,
    /// The text, including the prompt.
    pub text: String,
    /// The text of the completion alone.
    pub completion_text: String,
}

/// Generates `texts_per_prompt` texts for each prompt, in batches of `batch_size` texts or beam searches (`None`: as many as use the
/// processor fully). Returns the texts in the order of the prompts, all texts of a prompt together.
///
/// A text depends on the model, the generation options and the seed, the prompt and its index, and the number of the text among the texts
/// of its prompt. It does not depend on the batch size.
///
/// # Errors
/// Those of [`CompletionGenerator`], whose prompt index counts each prompt `texts_per_prompt` times; texts that the tokeniser cannot encode or
/// decode.
pub fn generate_texts<M: CausalLm + ?Sized>(
    model: &M,
    tokenizer: &Tokenizer,
    prompts: &[impl AsRef<str>],
    texts_per_prompt: usize,
    generation: &Generation,
    batch_size: Option<usize>,
) -> Result<Vec<GeneratedText>> {
    let each = prompts.iter().flat_map(|prompt| std::iter::repeat_n(prompt.as_ref(), texts_per_prompt));
    let ids = tokenizer.encode_prompts(&each.collect::<Vec<_>>())?;
    let mut texts = generate_encoded(model, tokenizer, &ids, generation, batch_size)?;
    for text in &mut texts {
        text.prompt /= texts_per_prompt.max(1);
    }
    Ok(texts)
}

/// Like [`generate_texts`] with one text per prompt, for prompts that are tokenised.
///
/// # Errors
/// The errors of [`generate_texts`].
pub fn generate_encoded<M: CausalLm + ?Sized>(
    model: &M,
    tokenizer: &Tokenizer,
    ids: &[Vec<i64>],
    generation: &Generation,
    batch_size: Option<usize>,
) -> Result<Vec<GeneratedText>> {
    let mut completions = Vec::with_capacity(ids.len());
    let generator = CompletionGenerator::new(model, ids, generation, batch_size)?;
    let mut progress = Progress::begin("generating", "texts", ids.len() * generation.config().num_return_sequences);
    for batch in generator {
        let batch = batch?;
        progress.advance(batch.len());
        completions.extend(batch);
    }
    drop(progress);
    // The sort is stable, so the completions of one beam search stay in order.
    completions.sort_by_key(|completion: &Completion| completion.prompt);
    let prompt_ids = |completion: &Completion| ids.get(completion.prompt).cloned().unwrap_or_default();
    let whole: Vec<Vec<i64>> = completions.iter().map(|c| [prompt_ids(c), c.ids_with_eos()].concat()).collect();
    let texts = tokenizer.decode_batch(&whole, true)?;
    let new: Vec<Vec<i64>> = completions.iter().map(Completion::ids_with_eos).collect();
    let completion_texts = tokenizer.decode_batch(&new, true)?;
    let generated = completions.into_iter().zip(texts.into_iter().zip(completion_texts));
    let generated = generated.map(|(completion, (text, completion_text))| GeneratedText {
        prompt: completion.prompt,
        prompt_ids: prompt_ids(&completion),
        completion,
        text,
        completion_text,
    });
    Ok(generated.collect())
}
