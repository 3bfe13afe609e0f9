use crate::{Error, Result, Tokenizer};

/// A text as token ids, and its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedLabelledText {
    /// The text's ids, with the special tokens around it.
    pub input_ids: Vec<i64>,
    /// The number of its class, from 0.
    pub label: i64,
    /// The row of the input that it came from, counted from 0.
    pub row: usize,
}

/// Tokenises texts for a classifier, with its special tokens; the end of a text is cut where it exceeds `max_length` tokens,
/// special tokens counted and kept.
///
/// # Errors
/// When there is not one label a text, or as [`Tokenizer::encode_batch`].
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
