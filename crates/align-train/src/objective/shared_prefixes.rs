//! Sequences whose common prefixes are computed once.

use super::SequenceTokens;
use super::prefix_tree::PrefixTree;
use super::sequence_counts::{Sequence, sequences_of_pair};
use crate::Result;
use align_data::{CompletionBatch, EncodedPair};
use align_models::{Attention, CausalLm, SharedTokenRows};
use tch::Tensor;

/// The tokens of a [`CompletionBatch`], in which common prefixes occur once.
#[derive(Debug)]
pub(crate) struct SharedPrefixes {
    /// `(1, tokens)`.
    input_ids: Tensor,
    /// `(1, tokens)`.
    position_ids: Tensor,
    /// The tokens of each row of the batch.
    rows: SharedTokenRows,
}

impl SharedPrefixes {
    /// The tokens of a `batch` of these pairs, the chosen sequences before the rejected ones, with or without its padding.
    pub fn of_pairs(pairs: &[&EncodedPair], batch: &CompletionBatch, padding: bool) -> Result<Self> {
        let sequences = || pairs.iter().map(|pair| sequences_of_pair(pair));
        let (chosen, rejected) = (sequences().map(|[chosen, _]| chosen), sequences().map(|[_, rejected]| rejected));
        Self::new(&chosen.chain(rejected).collect::<Vec<_>>(), batch, padding)
    }

    /// The tokens of a `batch` of these sequences, with or without its padding.
    pub fn new(sequences: &[Sequence], batch: &CompletionBatch, padding: bool) -> Result<Self> {
        let width = batch.input_ids.size2()?.1;
        let mut tree = PrefixTree::default();
        let row = |(prompt, completion): &Sequence| {
            let mut row = tree.add(prompt.iter().chain(*completion).copied());
            if padding {
                row.extend(tree.add_unshared((width as usize).saturating_sub(row.len())));
            }
            row
        };
        let rows = SharedTokenRows::new(&sequences.iter().map(row).collect::<Vec<_>>(), batch.input_ids.device())?;
        let ids = batch.input_ids.f_reshape([-1])?.f_index_select(0, rows.positions())?;
        let position_ids = rows.positions().f_remainder(width)?.f_unsqueeze(0)?;
        Ok(Self { input_ids: ids.f_unsqueeze(0)?, position_ids, rows })
    }

    /// A model's final hidden states of the tokens, `(1, tokens, hidden_size)`. With an `attention_mask`, padding is masked as in
    /// [`Attention::Padded`].
    pub fn hidden(&self, model: &dyn CausalLm, attention_mask: Option<&Tensor>) -> Result<Tensor> {
        let attention = Attention::SharedTokens { rows: &self.rows, attention_mask };
        Ok(model.hidden(&self.input_ids, Some(&self.position_ids), &attention, None)?)
    }

    /// A model's hidden states of all layers, each `(1, tokens, hidden_size)`.
    pub fn hidden_states(&self, model: &dyn CausalLm) -> Result<Vec<Tensor>> {
        let attention = Attention::SharedTokens { rows: &self.rows, attention_mask: None };
        Ok(model.hidden_states(&self.input_ids, Some(&self.position_ids), &attention)?)
    }

    /// Copies the tokens' hidden states to the layout of the batch, `(2 · pairs, seq, hidden_size)`. The values of padding are arbitrary.
    pub fn to_batch_layout(&self, hidden: &Tensor) -> Result<Tensor> {
        Ok(self.rows.expand_to_rows(hidden)?)
    }

    /// The batch's predicted `tokens`, with the positions that predict them among these tokens.
    pub fn locate(&self, tokens: SequenceTokens) -> Result<SequenceTokens> {
        tokens.predicted_from(self.rows.tokens())
    }
}
