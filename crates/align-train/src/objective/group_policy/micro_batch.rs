use super::GroupPolicyRow;
use crate::objective::logps_cache::LogpsCache;
use crate::objective::row::padding_id;
use crate::objective::sequence_counts::SequenceCounts;
use crate::objective::shared_prefixes::SharedPrefixes;
use crate::objective::{SequenceTokens, TokenLogps};
use crate::{PrefixSharing, Result};
use align_data::CompletionBatch;
use align_losses::LinearLogpsOptions;
use align_models::{Attention, CausalLm};
use tch::{Kind, Tensor};

/// Some sequences of prompts and completions, which go through a model together.
#[derive(Debug)]
pub(super) struct MicroBatch {
    sequences: CompletionBatch,
    /// The sequences without padding, and with each prompt once.
    shared: Option<SharedPrefixes>,
    /// The tokens of the completions.
    pub tokens: SequenceTokens,
    /// The position of each token in a table of completions, flattened: `(n)`.
    places: Tensor,
    rows: i64,
    /// The tokens of the longest completion.
    width: i64,
}

impl MicroBatch {
    pub fn new(model: &dyn CausalLm, rows: &[(&[i64], &[i64])], sharing: PrefixSharing) -> Result<Self> {
        let sequences = CompletionBatch::new(rows, padding_id(model))?.to_device(model.device())?;
        let shares = SequenceCounts::of(rows.iter().copied()).shares(sharing);
        let shared = shares.then(|| SharedPrefixes::new(rows, &sequences, false)).transpose()?;
        let tokens = SequenceTokens::from_batch(&sequences)?;
        let tokens = match &shared {
            None => tokens,
            Some(shared) => shared.locate(tokens)?,
        };
        let lengths = || rows.iter().map(|(_, completion)| completion.len() as i64);
        let width = lengths().max().unwrap_or(0);
        let places = lengths().enumerate().flat_map(|(row, length)| (0..length).map(move |t| row as i64 * width + t));
        let places = Tensor::f_from_slice(&places.collect::<Vec<i64>>())?.f_to_device(model.device())?;
        Ok(Self { sequences, shared, tokens, places, rows: rows.len() as i64, width })
    }

    /// The log-probabilities of the tokens at a temperature, with a graph if the model has one.
    pub fn logps(&self, model: &dyn CausalLm, temperature: f64, statistics: bool) -> Result<TokenLogps> {
        let options = LinearLogpsOptions { statistics, ..LinearLogpsOptions::default() };
        let hidden = match &self.shared {
            None => model.hidden(&self.sequences.input_ids, None, &Attention::Causal, None)?,
            Some(shared) => shared.hidden(model, None)?,
        };
        // Without a cap, logits are linear in the hidden states.
        let hidden = if temperature == 1.0 { hidden } else { hidden.f_div_scalar(temperature)? };
        TokenLogps::new(model, &hidden, &self.tokens, &options)
    }

    /// The log-probabilities of the tokens without a graph, `(n)`.
    pub fn logps_without_graph(&self, model: &dyn CausalLm, temperature: f64) -> Result<Tensor> {
        tch::no_grad(|| Ok(self.logps(model, temperature, false)?.logps))
    }

    /// Values of tokens `(n)` as a table of completions `(rows, width)` with 0 beyond their ends.
    pub fn table(&self, values: &Tensor) -> Result<Tensor> {
        let table = Tensor::f_zeros([self.rows * self.width], (values.kind(), values.device()))?;
        Ok(table.f_index_copy(0, &self.places, values)?.f_view([self.rows, self.width])?)
    }

    /// The values of tokens `(n)` in a table of completions.
    pub fn values(&self, table: &Tensor) -> Result<Tensor> {
        Ok(table.f_reshape([-1])?.f_index_select(0, &self.places)?)
    }

    /// 1 at the tokens of the completions that count, 0 elsewhere: `(rows, width)`.
    pub fn mask(&self, counts: impl Iterator<Item = bool>) -> Result<Tensor> {
        let counts = Tensor::f_from_slice(&counts.collect::<Vec<bool>>())?.f_to_device(self.places.device())?;
        self.table(&counts.f_index_select(0, &self.tokens.rows)?)
    }

    /// The positions of the tokens of rows `indices` in a cache, `(n)`.
    pub fn cache_positions(&self, cache: &LogpsCache, rows: &[(usize, &GroupPolicyRow)]) -> Result<Tensor> {
        let positions = rows.iter().flat_map(|(index, row)| {
            let start = cache.start(*index);
            start..start + row.completion_ids.len() as i64
        });
        Ok(Tensor::f_from_slice(&positions.collect::<Vec<i64>>())?)
    }

    /// The tokens of prompts and completions, without padding.
    pub fn all_tokens(&self) -> Result<u64> {
        Ok(self.sequences.attention_mask.f_sum(Kind::Int64)?.f_int64_value(&[])? as u64)
    }
}
