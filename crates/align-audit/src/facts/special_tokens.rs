//! Special tokens of chat templates inside texts.

use crate::{Error, Result};
use aho_corasick::AhoCorasick;

/// Special tokens of common chat templates.
const COMMON: [&str; 30] = [
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|startoftext|>",
    "<|system|>",
    "<|user|>",
    "<|assistant|>",
    "<|end|>",
    "<|end_of_turn|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<s>[INST]",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "</s>",
    "<｜begin▁of▁sentence｜>",
    "<｜end▁of▁sentence｜>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<|channel|>",
];

/// Tokens with which a text begins (BOS).
const BEGINNINGS: [&str; 6] =
    ["<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "<｜begin▁of▁sentence｜>", "[CLS]"];

/// Finds special tokens.
#[derive(Debug, Clone)]
pub(crate) struct SpecialTokens {
    all: AhoCorasick,
    /// Whether rows are tokenised, which shows which token the tokeniser adds.
    has_tokenizer: bool,
}

impl SpecialTokens {
    /// The common tokens, and those of a tokeniser.
    pub fn new(own: &[String], has_tokenizer: bool) -> Result<Self> {
        let own = own.iter().map(String::as_str).filter(|token| is_marked(token));
        let all = AhoCorasick::new(COMMON.into_iter().chain(own));
        Ok(Self { all: all.map_err(|problem| Error::SpecialTokens(problem.to_string()))?, has_tokenizer })
    }

    /// Whether a text contains a special token.
    pub fn occur_in(&self, text: &str) -> bool {
        self.all.is_match(text)
    }

    /// Whether a text begins with a usual token of a beginning. With a tokeniser, the tokens of the row say which one counts.
    pub fn may_double_bos(&self, text: &str) -> bool {
        !self.has_tokenizer && begins_with_bos(text)
    }
}

/// Whether a token cannot be a word of usual text.
fn is_marked(token: &str) -> bool {
    token.len() > 3
        && (token.starts_with('<') && token.ends_with('>') || token.starts_with('[') && token.ends_with(']'))
}

/// Whether a text begins with the token of a beginning.
fn begins_with_bos(text: &str) -> bool {
    let text = text.trim_start();
    BEGINNINGS.iter().any(|token| text.starts_with(token))
}
