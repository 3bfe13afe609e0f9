//! Both sides of preference pairs, with what they have in common at their beginning computed once.

use super::SequenceTokens;
use crate::Result;
use align_data::{CompletionBatch, EncodedPair};
use align_models::{Attention, CausalLm, SharedTokenRows};
use tch::Tensor;

/// The tokens of a [`CompletionBatch`] of pairs, each once.
#[derive(Debug)]
pub(crate) struct SharedPrefixes {
    /// `(1, tokens)`.
    input_ids: Tensor,
    /// `(1, tokens)`.
    position_ids: Tensor,
    /// Where the tokens stand in the batch.
    rows: SharedTokenRows,
}

impl SharedPrefixes {
    /// Those of a `batch` of these pairs; with `padding` also what stands behind the sequences' ends.
    pub fn of(pairs: &[&EncodedPair], batch: &CompletionBatch, padding: bool) -> Result<Self> {
        let width = batch.input_ids.size2()?.1;
        let length = |pair: &EncodedPair, completion: &[i64]| match padding {
            true => width,
            false => (pair.prompt_ids.len() + completion.len()) as i64,
        };
        let mut count = 0;
        let mut fresh = |tokens: i64| {
            count += tokens;
            count - tokens..count
        };
        let mut rows: Vec<Vec<i64>> =
            pairs.iter().map(|pair| fresh(length(pair, &pair.chosen_ids)).collect()).collect();
        for (place, pair) in pairs.iter().enumerate() {
            let shared = in_common(pair);
            let begun = rows.get(place).into_iter().flatten().take(shared).copied();
            let own = fresh(length(pair, &pair.rejected_ids) - shared as i64);
            rows.push(begun.chain(own).collect());
        }
        let rows = SharedTokenRows::new(&rows, batch.input_ids.device())?;
        let ids = batch.input_ids.f_reshape([-1])?.f_index_select(0, rows.places())?;
        let position_ids = rows.places().f_remainder(width)?.f_unsqueeze(0)?;
        Ok(Self { input_ids: ids.f_unsqueeze(0)?, position_ids, rows })
    }

    /// A model's final hidden states of the tokens, `(1, tokens, n_embd)`; with an `attention_mask` as [`Attention::Padded`] sees them.
    pub fn hidden(&self, model: &dyn CausalLm, attention_mask: Option<&Tensor>) -> Result<Tensor> {
        let attention = Attention::SharedTokens { rows: &self.rows, attention_mask };
        Ok(model.hidden(&self.input_ids, Some(&self.position_ids), &attention, None)?)
    }

    /// Hidden states of the tokens laid out as the batch: `(2 · pairs, seq, n_embd)`, any behind the sequences' ends.
    pub fn spread(&self, hidden: &Tensor) -> Result<Tensor> {
        Ok(self.rows.spread(hidden)?)
    }

    /// Where the batch's predicted tokens stand among these.
    pub fn find(&self, tokens: SequenceTokens) -> Result<SequenceTokens> {
        tokens.predicted_from(self.rows.tokens())
    }
}

/// Tokens that a pair's sequences have in common at their beginning: the prompt, and as much of the completions.
pub(crate) fn in_common(pair: &EncodedPair) -> usize {
    let alike = pair.chosen_ids.iter().zip(&pair.rejected_ids).take_while(|(chosen, rejected)| chosen == rejected);
    pair.prompt_ids.len() + alike.count()
}
