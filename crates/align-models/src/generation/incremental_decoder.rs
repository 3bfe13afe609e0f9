use super::scores::{MIN_ROWS, Scores};
use crate::{Attention, CausalLm, KvCache, Result};
use std::iter::repeat_n;
use tch::{Kind, Tensor};

/// A model with a key-value cache, one row per text.
pub(super) struct IncrementalDecoder<'a, M: ?Sized> {
    model: &'a M,
    cache: KvCache,
    padding: Option<Padding>,
    /// Number of rows, without the filler rows needed for [`MIN_ROWS`].
    rows: usize,
    /// Number of rows in the cache.
    cache_rows: usize,
    scores: Scores,
}

/// The mask and positions of a left-padded batch.
struct Padding {
    /// 1 on real tokens: `(rows, capacity)`.
    mask: Tensor,
    /// The next token's position: `(rows, 1)`.
    position: Tensor,
}

impl<'a, M: CausalLm + ?Sized> IncrementalDecoder<'a, M> {
    /// Processes the prompts, int64 `(batch, seq)`. The cache has room for `capacity` tokens per row. `mask` has the same shape, and is
    /// needed only for left-padded prompts.
    pub fn new(model: &'a M, ids: &Tensor, mask: Option<&Tensor>, capacity: i64) -> Result<Self> {
        let (batch, seq) = ids.size2()?;
        let rows = batch.max((MIN_ROWS as i64 + seq - 1) / seq.max(1));
        let row_indices: Vec<i64> = (0..batch).chain(repeat_n(0, (rows - batch) as usize)).collect();
        let row_indices = Tensor::from_slice(&row_indices).f_to_device(model.device())?;
        let ids = ids.f_to_device(model.device())?.f_index_select(0, &row_indices)?;
        let mask = match mask {
            Some(mask) => Some(mask.f_to_device(model.device())?.f_index_select(0, &row_indices)?),
            None => None,
        };
        let mut cache = model.new_cache(rows, capacity);
        let (hidden, padding) = match mask {
            None => (model.hidden(&ids, None, &Attention::Causal, Some(&mut cache))?, None),
            Some(mask) => {
                let positions = mask.f_cumsum(1, Kind::Int64)?.f_sub_scalar(1)?.f_clamp_min(0)?;
                let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), Some(&mut cache))?;
                let new_tokens = Tensor::f_ones([rows, capacity - seq], (Kind::Int64, mask.device()))?;
                let mask = Tensor::f_cat(&[mask, new_tokens], 1)?;
                let position = positions.f_narrow(1, seq - 1, 1)?.f_add_scalar(1)?;
                (hidden, Some(Padding { mask, position }))
            }
        };
        let scores = Scores::new(model, false);
        let mut decoder = Self { model, cache, padding, rows: batch as usize, cache_rows: rows as usize, scores };
        decoder.compute_scores(&hidden)?;
        Ok(decoder)
    }

    /// The scores of the next token of each row.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    pub fn model(&self) -> &'a M {
        self.model
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Appends one token to each row.
    pub fn step(&mut self, tokens: &[i64]) -> Result<()> {
        if self.cache_rows < MIN_ROWS {
            let unchanged: Vec<i64> = (0..self.rows as i64).collect();
            return self.step_from(&unchanged, tokens);
        }
        let tokens: Vec<i64> = tokens.iter().copied().chain(repeat_n(0, self.cache_rows - self.rows)).collect();
        let ids = Tensor::from_slice(&tokens).f_view([-1, 1])?.f_to_device(self.model.device())?;
        let hidden = match &mut self.padding {
            None => self.model.hidden(&ids, None, &Attention::Causal, Some(&mut self.cache))?,
            Some(padding) => {
                let mask = padding.mask.f_narrow(1, 0, self.cache.len() + 1)?;
                let position = padding.position.shallow_clone();
                padding.position = position.f_add_scalar(1)?;
                self.model.hidden(&ids, Some(&position), &Attention::Padded(&mask), Some(&mut self.cache))?
            }
        };
        self.compute_scores(&hidden)
    }

    /// Replaces each row `i` by the old row `parents[i]`, then appends one token to each row.
    pub fn step_from(&mut self, parents: &[i64], tokens: &[i64]) -> Result<()> {
        let filler = parents.first().copied().unwrap_or(0);
        let missing = MIN_ROWS.saturating_sub(parents.len());
        let row_indices: Vec<i64> = parents.iter().copied().chain(repeat_n(filler, missing)).collect();
        let cache_rows = row_indices.len();
        let row_indices = Tensor::from_slice(&row_indices).f_to_device(self.model.device())?;
        self.cache.reorder(&row_indices)?;
        if let Some(padding) = &mut self.padding {
            padding.mask = padding.mask.f_index_select(0, &row_indices)?;
            padding.position = padding.position.f_index_select(0, &row_indices)?;
        }
        self.rows = parents.len();
        self.cache_rows = cache_rows;
        self.step(tokens)
    }

    fn compute_scores(&mut self, hidden: &Tensor) -> Result<()> {
        let last = hidden.f_select(1, -1)?.f_narrow(0, 0, self.rows as i64)?;
        self.scores.compute(&last, self.model)
    }
}
