//! transformers' clean-up of decoded text.

use super::Tokenizer;

/// What is replaced, in this order, and by what.
const REPLACED: [(&str, &str); 10] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

impl Tokenizer {
    /// The text, without spaces before punctuation where the folder asks for it (`clean_up_tokenization_spaces`).
    pub(super) fn cleaned(&self, text: String) -> String {
        if !self.clean_up {
            return text;
        }
        REPLACED.iter().fold(text, |text, (found, by)| text.replace(found, by))
    }
}
