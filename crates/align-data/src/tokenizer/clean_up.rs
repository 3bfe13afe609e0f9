//! The clean-up of decoded text (`clean_up_tokenization_spaces`) of transformers.

use super::Tokenizer;

/// Strings and their replacements, in this order.
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
    /// Removes spaces before punctuation if the folder sets `clean_up_tokenization_spaces`.
    pub(super) fn clean_up_text(&self, text: String) -> String {
        if !self.clean_up {
            return text;
        }
        REPLACED.iter().fold(text, |text, (found, by)| text.replace(found, by))
    }
}
