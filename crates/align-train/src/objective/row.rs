use crate::{Error, Result};
use align_data::{EncodedLabelledText, EncodedPair, EncodedText, EncodedUnpaired};
use align_models::CausalLm;

/// A row of training data: a prompt and what was said to it.
pub trait Row {
    /// The row of the input that it came from, counted from 0.
    fn row(&self) -> usize;

    /// The prompt's token ids.
    fn prompt_ids(&self) -> &[i64];

    /// Each completion's token ids, and what it is called.
    fn completions(&self) -> Vec<(&'static str, &[i64])>;

    /// Its class, where it has one.
    fn label(&self) -> Option<i64> {
        None
    }

    /// The tokens of its longest sequence.
    fn tokens(&self) -> usize {
        self.prompt_ids().len() + self.completions().iter().map(|(_, ids)| ids.len()).max().unwrap_or(0)
    }
}

impl Row for EncodedPair {
    fn row(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("chosen", &self.chosen_ids), ("rejected", &self.rejected_ids)]
    }
}

impl Row for EncodedUnpaired {
    fn row(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![(if self.label { "desirable" } else { "undesirable" }, &self.completion_ids)]
    }
}

impl Row for EncodedText {
    fn row(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &self.prompt_ids
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("text", &self.completion_ids)]
    }
}

impl Row for EncodedLabelledText {
    fn row(&self) -> usize {
        self.row
    }

    fn prompt_ids(&self) -> &[i64] {
        &[]
    }

    fn completions(&self) -> Vec<(&'static str, &[i64])> {
        vec![("text", &self.input_ids)]
    }

    fn label(&self) -> Option<i64> {
        Some(self.label)
    }
}

/// Refuses rows that a model cannot take.
pub(crate) fn check_rows<R: Row>(rows: &[R], model: &dyn CausalLm, what: &str) -> Result<()> {
    let (vocab, most) = (model.vocab_size(), model.max_position_embeddings());
    for item in rows {
        let (row, prompt) = (item.row() + 1, item.prompt_ids());
        for (side, ids) in item.completions() {
            let length = prompt.len() + ids.len();
            if length as i64 > most {
                return Err(Error::Data(format!(
                    "{what} row {row} has {length} tokens, the model takes {most}: set max_length to at most {most}"
                )));
            }
            for (part, ids) in [("prompt", prompt), (side, ids)] {
                if let Some(id) = ids.iter().find(|id| !(0..vocab).contains(*id)) {
                    return Err(Error::Data(format!(
                        "{what} row {row}, {part}: token id {id} is outside the model's vocabulary of {vocab}: use the model's own tokeniser"
                    )));
                }
            }
            // The first token of a sequence is predicted by nothing.
            if ids.len() + prompt.len().min(1) < 2 {
                return Err(Error::Data(format!("{what} row {row}: the {side} completion has no token to learn")));
            }
        }
    }
    Ok(())
}

/// The id that batches for a model are padded with. Padding is masked everywhere, so any id of the vocabulary serves.
pub(crate) fn padding_id(model: &dyn CausalLm) -> i64 {
    model.eos_token_ids().first().copied().unwrap_or(0)
}
