use crate::encode_rows::{common_prefix, full_text};
use crate::{EncodeOptions, Result, Tokenizer};

/// A tokenised prompt and completion; the sequence is `prompt_ids + completion_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedCompletion {
    /// The prompt's ids.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids, including EOS if it was appended.
    pub completion_ids: Vec<i64>,
}

/// Tokenises `(prompt, completion)` rows with the rules of [`encode_pairs`](crate::encode_pairs), without truncation.
///
/// `append_eos` appends EOS to each completion unless the text or the tokeniser already does.
///
/// # Errors
/// When EOS must be appended and the tokeniser has none, or a text cannot be tokenised.
pub fn encode_completions<P: AsRef<str>, C: AsRef<str>>(
    tokenizer: &Tokenizer,
    rows: &[(P, C)],
    append_eos: bool,
) -> Result<Vec<EncodedCompletion>> {
    let options = EncodeOptions { append_eos, ..EncodeOptions::default() };
    let eos = options.eos(tokenizer)?;
    let prompts: Vec<&str> = rows.iter().map(|(prompt, _)| prompt.as_ref()).collect();
    let sequences: Vec<String> =
        rows.iter().map(|(prompt, completion)| full_text(prompt.as_ref(), completion.as_ref(), eos)).collect();
    let prompts = tokenizer.encode_prompts(&prompts)?;
    let mut sequences = tokenizer.encode_batch(&sequences, true, None)?;
    sequences.iter_mut().for_each(|sequence| tokenizer.dedup_eos(sequence));
    let split = |(prompt, sequence): (&Vec<i64>, &Vec<i64>)| {
        let (prompt_ids, completion_ids) = sequence.split_at(common_prefix(prompt, sequence));
        EncodedCompletion { prompt_ids: prompt_ids.to_vec(), completion_ids: completion_ids.to_vec() }
    };
    Ok(prompts.iter().zip(&sequences).map(split).collect())
}
