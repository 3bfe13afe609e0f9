//! Sequences whose common prefixes are computed once.

use super::SequenceTokens;
use crate::Result;
use align_data::{CompletionBatch, EncodedPair};
use align_models::{Attention, CausalLm, SharedTokenRows};
use std::collections::HashMap;
use std::ops::Range;
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
    /// The tokens of a `batch` of these pairs, with or without its padding. The sequences of a pair share their common prefix.
    pub fn of_pairs(pairs: &[&EncodedPair], batch: &CompletionBatch, padding: bool) -> Result<Self> {
        let width = batch.input_ids.size2()?.1;
        let length = |pair: &EncodedPair, completion: &[i64]| match padding {
            true => width,
            false => (pair.prompt_ids.len() + completion.len()) as i64,
        };
        let mut next_tokens = numbering();
        let mut rows: Vec<Vec<i64>> =
            pairs.iter().map(|pair| next_tokens(length(pair, &pair.chosen_ids)).collect()).collect();
        for (index, pair) in pairs.iter().enumerate() {
            let shared = common_prefix_len(pair);
            let prefix = rows.get(index).into_iter().flatten().take(shared).copied();
            let rest = next_tokens(length(pair, &pair.rejected_ids) - shared as i64);
            rows.push(prefix.chain(rest).collect());
        }
        Self::new(&rows, batch)
    }

    /// The tokens of a `batch` of these prompts with completions, without its padding. Sequences with the same prompt share it.
    pub fn of_prompts(sequences: &[(&[i64], &[i64])], batch: &CompletionBatch) -> Result<Self> {
        let mut next_tokens = numbering();
        let mut prompts: HashMap<&[i64], Range<i64>> = HashMap::new();
        let mut rows: Vec<Vec<i64>> = Vec::with_capacity(sequences.len());
        for (prompt, completion) in sequences {
            let prompt = prompts.entry(prompt).or_insert_with(|| next_tokens(prompt.len() as i64)).clone();
            rows.push(prompt.chain(next_tokens(completion.len() as i64)).collect());
        }
        Self::new(&rows, batch)
    }

    /// The tokens of a batch whose rows consist of the tokens with these numbers.
    fn new(rows: &[Vec<i64>], batch: &CompletionBatch) -> Result<Self> {
        let width = batch.input_ids.size2()?.1;
        let rows = SharedTokenRows::new(rows, batch.input_ids.device())?;
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

/// Numbers tokens in ascending order from 0: the function takes how many there are and returns their numbers.
fn numbering() -> impl FnMut(i64) -> Range<i64> {
    let mut count = 0;
    move |tokens| {
        count += tokens;
        count - tokens..count
    }
}

/// The length of the common prefix of a pair's sequences: the prompt and any equal tokens after it.
pub(crate) fn common_prefix_len(pair: &EncodedPair) -> usize {
    let equal = pair.chosen_ids.iter().zip(&pair.rejected_ids).take_while(|(chosen, rejected)| chosen == rejected);
    pair.prompt_ids.len() + equal.count()
}
