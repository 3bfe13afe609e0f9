use crate::{Error, Result, Tokenizer};
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
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self { max_length: Some(1024), append_eos: true, prepend_bos: false, strip_prompt: true }
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
