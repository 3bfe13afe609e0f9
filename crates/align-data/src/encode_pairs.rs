use crate::{Error, PreferencePair, Result, Tokenizer};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Which end of a sequence that is too long is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TruncationMode {
    /// The first tokens are kept: the prompt and as much of the completion as fits.
    #[default]
    KeepStart,
}

/// How pairs become token ids; the defaults are TRL's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncodeOptions {
    /// The most tokens of prompt and completion together; `None` for no limit.
    pub max_length: Option<usize>,
    /// Which end is kept where `max_length` cuts.
    pub truncation_mode: TruncationMode,
    /// Whether EOS ends each completion (it is not added where a text ends with it already).
    pub append_eos: bool,
    /// Whether the prompt is taken off where both texts of a pair begin with it.
    ///
    /// A pair of which only one text begins with the prompt is left as it is: that text repeats the prompt by itself.
    /// `false` trains on the prompt twice where the texts hold it, as the notebook did.
    pub strip_prompt: bool,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            max_length: Some(1024),
            truncation_mode: TruncationMode::KeepStart,
            append_eos: true,
            strip_prompt: true,
        }
    }
}

impl EncodeOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// When `max_length` leaves no room for a prompt's token and a completion's token.
    pub fn validate(&self) -> Result<()> {
        match self.max_length {
            Some(found) if found < 2 => Err(Error::Option {
                option: "max_length",
                expected: "at least 2 tokens, one of the prompt and one of the completion, or none for no limit".into(),
                found: found.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// One preference pair as token ids: the sequences are `prompt_ids + chosen_ids` and `prompt_ids + rejected_ids`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPair {
    /// The prompt's ids, shared by both sides.
    pub prompt_ids: Vec<i64>,
    /// The preferred completion's ids; never empty.
    pub chosen_ids: Vec<i64>,
    /// The other completion's ids; never empty.
    pub rejected_ids: Vec<i64>,
    /// The row of the input that the pair came from, counted from 0.
    pub row: usize,
}

/// What [`encode_pairs`] changed or left out; rows are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EncodeReport {
    /// The number of pairs in the input.
    pub pairs: usize,
    /// How many pairs had the prompt taken off both texts.
    pub prompt_stripped: usize,
    /// How many sequences (two a pair) were cut to `max_length`.
    pub truncated_sequences: usize,
    /// How many pairs have a prompt whose last tokens merge with the completion's first: the completion starts earlier.
    pub merged_boundaries: usize,
    /// Rows left out because the prompt alone fills `max_length`.
    pub dropped_long_prompts: Vec<usize>,
    /// Rows left out because a completion has no token that a model could be asked to predict.
    pub dropped_empty_completions: Vec<usize>,
}

impl fmt::Display for EncodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.pairs - self.dropped_long_prompts.len() - self.dropped_empty_completions.len();
        write!(f, "{kept} of {} pairs encoded", self.pairs)?;
        let counts = [
            (self.prompt_stripped, "with the prompt taken off both texts"),
            (self.truncated_sequences, "sequences cut to max_length"),
            (self.merged_boundaries, "with tokens merged across the end of the prompt"),
            (self.dropped_long_prompts.len(), "dropped: the prompt fills max_length"),
            (self.dropped_empty_completions.len(), "dropped: a completion is empty"),
        ];
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "; {count} {what}")?;
        }
        Ok(())
    }
}

/// Encoded pairs, in the input's order, and what happened on the way.
#[derive(Debug, Clone)]
pub struct EncodedPairs {
    /// The pairs that were kept.
    pub pairs: Vec<EncodedPair>,
    /// What was changed or left out.
    pub report: EncodeReport,
}

/// Tokenises preference pairs as TRL's `DPOTrainer` does.
///
/// Prompt, prompt + chosen and prompt + rejected are tokenised each as one string; the prompt's ids are the longest
/// prefix that all three share, and the completions are what follows it. Rows that truncation would leave without a
/// completion are dropped and reported, as are rows whose completion has nothing to predict.
///
/// # Errors
/// When the options are invalid, when EOS is to be appended and the tokeniser has none, or when it refuses a text.
pub fn encode_pairs(tokenizer: &Tokenizer, pairs: &[PreferencePair], options: &EncodeOptions) -> Result<EncodedPairs> {
    options.validate()?;
    let eos = if options.append_eos {
        tokenizer.special_tokens().eos.as_deref().ok_or_else(|| {
            Error::Tokenizer(
                "it names no EOS token; set eos_token in tokenizer_config.json or append_eos to false".into(),
            )
        })?
    } else {
        ""
    };
    let mut report = EncodeReport { pairs: pairs.len(), ..EncodeReport::default() };
    let mut encoded = Vec::with_capacity(pairs.len());
    // In chunks, so that the tokeniser's own records of each text do not pile up.
    for (chunk, rows) in pairs.chunks(CHUNK).enumerate() {
        let mut texts = Vec::with_capacity(3 * rows.len());
        for pair in rows {
            let (chosen, rejected) = completions(pair, options.strip_prompt, &mut report);
            texts.push(Cow::Borrowed(pair.prompt.as_str()));
            texts.push(Cow::Owned(sequence(&pair.prompt, chosen, eos)));
            texts.push(Cow::Owned(sequence(&pair.prompt, rejected, eos)));
        }
        let ids = tokenizer.encode_batch(&texts, true, None)?;
        for (offset, triple) in ids.chunks_exact(3).enumerate() {
            if let [prompt, chosen, rejected] = triple {
                let row = chunk * CHUNK + offset;
                encoded.extend(split(prompt, chosen, rejected, row, options.max_length, &mut report));
            }
        }
    }
    if report.merged_boundaries > 0 {
        tracing::warn!(
            pairs = report.merged_boundaries,
            "the end of the prompt merges with the completion; end prompts where a token ends"
        );
    }
    Ok(EncodedPairs { pairs: encoded, report })
}

const CHUNK: usize = 512;

fn completions<'a>(pair: &'a PreferencePair, strip_prompt: bool, report: &mut EncodeReport) -> (&'a str, &'a str) {
    if strip_prompt && !pair.prompt.is_empty() {
        let stripped = (pair.chosen.strip_prefix(&pair.prompt), pair.rejected.strip_prefix(&pair.prompt));
        if let (Some(chosen), Some(rejected)) = stripped {
            report.prompt_stripped += 1;
            return (chosen, rejected);
        }
    }
    (&pair.chosen, &pair.rejected)
}

/// Prompt, completion and EOS as one text; EOS only where the completion does not end with it.
pub(crate) fn sequence(prompt: &str, completion: &str, eos: &str) -> String {
    let eos = if completion.ends_with(eos) { "" } else { eos };
    [prompt, completion, eos].concat()
}

fn split(
    prompt: &[i64],
    chosen: &[i64],
    rejected: &[i64],
    row: usize,
    max_length: Option<usize>,
    report: &mut EncodeReport,
) -> Option<EncodedPair> {
    let shared = common_prefix(prompt, chosen).min(common_prefix(prompt, rejected));
    let limit = max_length.unwrap_or(usize::MAX);
    if shared >= limit {
        report.dropped_long_prompts.push(row);
        return None;
    }
    // A sequence's first token is never predicted, so without a prompt one token of completion is not enough.
    let least = (shared + 1).max(2);
    if chosen.len() < least || rejected.len() < least {
        report.dropped_empty_completions.push(row);
        return None;
    }
    report.merged_boundaries += usize::from(shared < prompt.len());
    report.truncated_sequences += usize::from(chosen.len() > limit) + usize::from(rejected.len() > limit);
    let completion = |ids: &[i64]| ids.iter().take(limit).skip(shared).copied().collect();
    Some(EncodedPair {
        prompt_ids: prompt.iter().take(shared).copied().collect(),
        chosen_ids: completion(chosen),
        rejected_ids: completion(rejected),
        row,
    })
}

pub(crate) fn common_prefix(a: &[i64], b: &[i64]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
