use crate::Result;
use align_data::Tokenizer;
use align_models::CausalLm;
use align_models::generation::{Completion, Generation, PromptGenerator};

/// A text that a model wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratedText {
    /// The prompt's place among the prompts.
    pub prompt: usize,
    /// The prompt's tokens.
    pub prompt_ids: Vec<i64>,
    /// The tokens behind it, and how they ended.
    pub completion: Completion,
    /// The text, prompt included.
    pub text: String,
}

/// Continues each prompt `texts_per_prompt` times over, `batch_size` texts or searches at a time (`None`: as many as keep the
/// processor busy). The texts of a prompt stand side by side, in the prompts' order.
///
/// A text depends on the model, the generation's options and seed, the prompt and its place, and on which of the prompt's texts it
/// is; not on the batch size.
///
/// # Errors
/// As [`PromptGenerator`], with the prompt's place where each stands `texts_per_prompt` times; a text that the tokeniser cannot
/// encode or decode.
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
    let mut completions = Vec::with_capacity(ids.len());
    for batch in PromptGenerator::new(model, &ids, generation, batch_size)? {
        completions.extend(batch?);
    }
    // Stable: the completions of one search stay in their order.
    completions.sort_by_key(|completion: &Completion| completion.prompt);
    let prompt_ids = |completion: &Completion| ids.get(completion.prompt).cloned().unwrap_or_default();
    let whole: Vec<Vec<i64>> = completions.iter().map(|c| [prompt_ids(c), c.ids_with_eos()].concat()).collect();
    let texts = tokenizer.decode_batch(&whole, true)?;
    let generated = completions.into_iter().zip(texts).map(|(completion, text)| GeneratedText {
        prompt: completion.prompt / texts_per_prompt.max(1),
        prompt_ids: prompt_ids(&completion),
        completion,
        text,
    });
    Ok(generated.collect())
}
