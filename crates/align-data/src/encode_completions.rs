use crate::encode_rows::{common_prefix, sequence};
use crate::{EncodeOptions, Result, Tokenizer};

/// A prompt and its completion as token ids; the sequence is one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedCompletion {
    /// The prompt's ids.
    pub prompt_ids: Vec<i64>,
    /// The completion's ids, EOS included where it was appended.
    pub completion_ids: Vec<i64>,
}

/// Tokenises `(prompt, completion)` rows as [`encode_pairs`](crate::encode_pairs) does each side of a pair, uncut.
///
/// `append_eos` ends each completion with EOS unless its text or the tokeniser does so already.
///
/// # Errors
/// When EOS is to be appended and the tokeniser has none, or when it refuses a text.
pub fn encode_completions<P: AsRef<str>, C: AsRef<str>>(
    tokenizer: &Tokenizer,
    rows: &[(P, C)],
    append_eos: bool,
) -> Result<Vec<EncodedCompletion>> {
    let options = EncodeOptions { append_eos, ..EncodeOptions::default() };
    let eos = options.eos(tokenizer)?;
    let prompts: Vec<&str> = rows.iter().map(|(prompt, _)| prompt.as_ref()).collect();
    let whole: Vec<String> =
        rows.iter().map(|(prompt, completion)| sequence(prompt.as_ref(), completion.as_ref(), eos)).collect();
    let prompts = tokenizer.encode_prompts(&prompts)?;
    let mut whole = tokenizer.encode_batch(&whole, true, None)?;
    whole.iter_mut().for_each(|sequence| tokenizer.ended_once(sequence));
    let split = |(prompt, whole): (&Vec<i64>, &Vec<i64>)| {
        let (prompt_ids, completion_ids) = whole.split_at(common_prefix(prompt, whole));
        EncodedCompletion { prompt_ids: prompt_ids.to_vec(), completion_ids: completion_ids.to_vec() }
    };
    Ok(prompts.iter().zip(&whole).map(split).collect())
}
