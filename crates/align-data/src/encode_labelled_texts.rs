use crate::{Error, Result, Tokenizer};

/// A tokenised text with a class label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedLabelledText {
    /// The token ids, including special tokens.
    pub input_ids: Vec<i64>,
    /// The class index, from 0.
    pub label: i64,
    /// Index of the input row, from 0.
    pub row: usize,
}

/// Tokenises texts for a classifier, with special tokens. Texts longer than `max_length` tokens, special tokens
/// included, are truncated at the end; special tokens are kept.
///
/// # Errors
/// When the numbers of texts and labels differ, or as [`Tokenizer::encode_batch`].
pub fn encode_labelled_texts<S: AsRef<str> + Sync>(
    tokenizer: &Tokenizer,
    texts: &[S],
    labels: &[i64],
    max_length: Option<usize>,
) -> Result<Vec<EncodedLabelledText>> {
    if texts.len() != labels.len() {
        return Err(Error::Length { column: "label".to_owned(), expected: texts.len(), found: labels.len() });
    }
    let ids = tokenizer.encode_batch(texts, true, max_length)?;
    let rows = ids.into_iter().zip(labels).enumerate();
    Ok(rows.map(|(row, (input_ids, label))| EncodedLabelledText { input_ids, label: *label, row }).collect())
}
