use crate::{Error, Result, Tokenizer};
use serde::{Deserialize, Serialize};

/// How preference data becomes token ids; the defaults are those of TRL's `DPOTrainer`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EncodeOptions {
    /// The most tokens of prompt and completion together; `None` for no limit. The first tokens are kept, as under TRL's `keep_start`: a
    /// completion is cut, a prompt never is, and a row whose prompt leaves no room is dropped.
    pub max_length: Option<usize>,
    /// Whether EOS ends each completion (it is not added where the text, or the tokeniser by itself, ends with it already).
    pub append_eos: bool,
    /// Whether BOS stands before each prompt (it is not added where the prompt begins with it already), as TRL's
    /// `CPOTrainer` and `ORPOTrainer` have it.
    pub prepend_bos: bool,
    /// Whether the prompt is taken off where both texts of a pair, or the one completion, begin with it.
    ///
    /// A pair of which only one text begins with the prompt is left as it is: that text repeats the prompt by itself.
    /// `false` trains on the prompt twice where the texts hold it, as the notebook did.
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

    /// What ends each completion: the tokeniser's EOS, or nothing.
    pub(crate) fn eos<'a>(&self, tokenizer: &'a Tokenizer) -> Result<&'a str> {
        if !self.append_eos {
            return Ok("");
        }
        tokenizer.special_tokens().eos.as_deref().ok_or(Error::NoSpecialToken { token: "EOS", field: "eos_token" })
    }

    /// What begins each prompt: the tokeniser's BOS, or nothing.
    pub(crate) fn bos(&self, tokenizer: &Tokenizer) -> Result<Option<i64>> {
        if !self.prepend_bos {
            return Ok(None);
        }
        tokenizer.bos_token_id().map(Some).ok_or(Error::NoSpecialToken { token: "BOS", field: "bos_token" })
    }
}
