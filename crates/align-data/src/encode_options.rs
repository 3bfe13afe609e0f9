use crate::{Error, InvalidRows, PairNumber, Result, Tokenizer, TruncationMode};
use serde::{Deserialize, Serialize};

/// Options for tokenising preference data. The defaults are those of TRL's `DPOTrainer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncodeOptions {
    /// Maximum length of prompt plus completion in tokens; `None` for no limit. Sequences are truncated at the end, as
    /// with TRL's `keep_start`. Only completions are truncated: a row is dropped if its prompt leaves no room.
    pub max_length: Option<usize>,
    /// Whether to append EOS to each completion. It is not appended if the text, or the tokeniser itself, already ends
    /// with EOS.
    pub append_eos: bool,
    /// Whether to prepend BOS to each prompt, as TRL's `CPOTrainer` and `ORPOTrainer` do. It is not prepended if the
    /// prompt already begins with BOS.
    pub prepend_bos: bool,
    /// Whether to remove the prompt from the completions if both texts of a pair (or the single completion) begin with
    /// it.
    ///
    /// If only one text of a pair begins with the prompt, nothing is removed: that text happens to repeat the prompt.
    /// With `false`, the prompt occurs twice in the sequences of completions that repeat it.
    pub strip_prompt: bool,
    /// Which end of a sequence is kept if it is longer than `max_length`. `keep_end` is for [`encode_texts`](crate::encode_texts).
    pub truncation_mode: TruncationMode,
    /// Whether only what the assistant says in conversations is trained on, as the chat template marks it with
    /// `{% generation %}`. For [`encode_texts`](crate::encode_texts).
    pub assistant_only_loss: bool,
    /// What happens to rows that teach nothing.
    pub invalid_rows: InvalidRows,
    /// The pairs' own numbers that training uses. The others are left out, so that they are not part of a run's identity.
    pub pair_numbers: Vec<PairNumber>,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            max_length: Some(1024),
            append_eos: true,
            prepend_bos: false,
            strip_prompt: true,
            truncation_mode: TruncationMode::KeepStart,
            assistant_only_loss: false,
            invalid_rows: InvalidRows::Drop,
            pair_numbers: Vec::new(),
        }
    }
}

impl EncodeOptions {
    /// Checks the options.
    ///
    /// # Errors
    /// When `max_length` is less than two tokens.
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

    /// Whether pairs of equal sides are dropped.
    pub(crate) fn drops_equal_pairs(&self) -> bool {
        self.invalid_rows != InvalidRows::KeepEqual
    }

    /// Refuses the options that only [`encode_texts`](crate::encode_texts) has.
    pub(crate) fn refuse_text_options(&self) -> Result<()> {
        let error = |option: &'static str, expected: &str, found: &str| {
            Err(Error::Option { option, expected: expected.to_owned(), found: found.to_owned() })
        };
        if self.truncation_mode == TruncationMode::KeepEnd {
            return error(
                "truncation_mode",
                "keep_start: the prompt must stay at the beginning, because completions share it",
                "keep_end",
            );
        }
        match self.assistant_only_loss {
            true => error("assistant_only_loss", "false: preferences are judged by their whole completions", "true"),
            false => Ok(()),
        }
    }

    /// The text to append to each completion: the tokeniser's EOS, or nothing.
    pub(crate) fn eos<'a>(&self, tokenizer: &'a Tokenizer) -> Result<&'a str> {
        if !self.append_eos {
            return Ok("");
        }
        tokenizer.special_tokens().eos.as_deref().ok_or(Error::NoSpecialToken { token: "EOS", field: "eos_token" })
    }

    /// The id to prepend to each prompt: the tokeniser's BOS, or nothing.
    pub(crate) fn bos(&self, tokenizer: &Tokenizer) -> Result<Option<i64>> {
        if !self.prepend_bos {
            return Ok(None);
        }
        tokenizer.bos_token_id().map(Some).ok_or(Error::NoSpecialToken { token: "BOS", field: "bos_token" })
    }
}
