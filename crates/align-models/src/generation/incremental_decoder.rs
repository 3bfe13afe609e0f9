use super::id_rows::matrix;
use super::scores::Scores;
use crate::{Attention, CausalLm, KvCache, Result};
use std::collections::BTreeMap;
use std::iter::repeat_n;
use tch::{Kind, Tensor};

/// A model with a key-value cache, one row per text.
pub(super) struct IncrementalDecoder<'a, M: ?Sized> {
    model: &'a M,
    cache: KvCache,
    padding: Option<Padding>,
    /// Number of rows, without the filler rows needed for [`CausalLm::min_rows`].
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
    /// Processes prompts, whose lengths may differ if the model's cache is [ragged](KvCache::is_ragged). The cache has room for `capacity`
    /// tokens per row.
    pub fn new(model: &'a M, prompts: &[Vec<i64>], capacity: i64) -> Result<Self> {
        let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (row, prompt) in prompts.iter().enumerate() {
            by_length.entry(prompt.len()).or_default().push(row);
        }
        let rows = prompts.len();
        let (cache, cache_rows, last) = match by_length.first_entry() {
            Some(equal) if equal.get().len() == rows => process_prompts(model, prompts, capacity)?,
            _ => {
                let cache_rows = rows.max(model.min_rows());
                let mut cache = model.new_cache(cache_rows as i64, capacity);
                let mut last = Vec::new();
                for (length, rows) in &by_length {
                    let group: Vec<Vec<i64>> = rows.iter().filter_map(|row| prompts.get(*row).cloned()).collect();
                    let (part, _, hidden) = process_prompts(model, &group, *length as i64)?;
                    let rows: Vec<i64> = rows.iter().map(|row| *row as i64).collect();
                    cache.copy_rows(&rows, &part)?;
                    last.push(hidden);
                }
                let order: Vec<i64> = by_length.into_values().flatten().map(|row| row as i64).collect();
                let order = Tensor::from_slice(&order).f_argsort(0, false)?.f_to_device(model.device())?;
                (cache, cache_rows, Tensor::f_cat(&last, 0)?.f_index_select(0, &order)?)
            }
        };
        let scores = Scores::new(model, false);
        let mut decoder = Self { model, cache, padding: None, rows, cache_rows, scores };
        decoder.scores.compute(&last, model)?;
        Ok(decoder)
    }

    /// Processes left-padded prompts, int64 `(batch, seq)`. `mask` has the same shape, and is 1 on real tokens.
    pub fn with_padding(model: &'a M, ids: &Tensor, mask: &Tensor, capacity: i64) -> Result<Self> {
        let (batch, seq) = ids.size2()?;
        let rows = with_fillers(batch as usize, model.min_rows().div_ceil(seq.max(1) as usize));
        let cache_rows = rows.len();
        let rows = Tensor::from_slice(&rows).f_to_device(model.device())?;
        let select = |x: &Tensor| x.f_to_device(model.device())?.f_index_select(0, &rows);
        let (ids, mask) = (select(ids)?, select(mask)?);
        let mut cache = model.new_cache(cache_rows as i64, capacity);
        let positions = mask.f_cumsum(1, Kind::Int64)?.f_sub_scalar(1)?.f_clamp_min(0)?;
        let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), Some(&mut cache))?;
        let new_tokens = Tensor::f_ones([cache_rows as i64, capacity - seq], (Kind::Int64, mask.device()))?;
        let mask = Tensor::f_cat(&[mask, new_tokens], 1)?;
        let position = positions.f_narrow(1, seq - 1, 1)?.f_add_scalar(1)?;
        let padding = Some(Padding { mask, position });
        let scores = Scores::new(model, false);
        let mut decoder = Self { model, cache, padding, rows: batch as usize, cache_rows, scores };
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

    /// Appends one token to each row. A row without a token is finished: its scores are arbitrary from now on.
    pub fn step(&mut self, tokens: &[Option<i64>]) -> Result<()> {
        if self.cache_rows < self.model.min_rows() {
            let unchanged: Vec<usize> = (0..self.rows).collect();
            self.keep(&unchanged)?;
        }
        let tokens: Vec<Option<i64>> =
            tokens.iter().copied().chain(repeat_n(None, self.cache_rows - self.rows)).collect();
        if self.padding.is_none() {
            for (row, _) in tokens.iter().enumerate().filter(|(_, token)| token.is_none()) {
                self.cache.clear_row(row);
            }
        }
        let ids: Vec<i64> = tokens.into_iter().map(Option::unwrap_or_default).collect();
        let ids = Tensor::from_slice(&ids).f_view([-1, 1])?.f_to_device(self.model.device())?;
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

    /// Replaces each row `i` by the old row `parents[i]`.
    pub fn keep(&mut self, parents: &[usize]) -> Result<()> {
        let filler = parents.first().copied().unwrap_or(0);
        let missing = self.model.min_rows().saturating_sub(parents.len());
        let rows: Vec<i64> = parents.iter().copied().chain(repeat_n(filler, missing)).map(|row| row as i64).collect();
        self.cache.reorder(&rows)?;
        if let Some(padding) = &mut self.padding {
            let rows = Tensor::from_slice(&rows).f_to_device(self.model.device())?;
            padding.mask = padding.mask.f_index_select(0, &rows)?;
            padding.position = padding.position.f_index_select(0, &rows)?;
        }
        self.rows = parents.len();
        self.cache_rows = rows.len();
        Ok(())
    }

    fn compute_scores(&mut self, hidden: &Tensor) -> Result<()> {
        let last = hidden.f_select(1, -1)?.f_narrow(0, 0, self.rows as i64)?;
        self.scores.compute(&last, self.model)
    }
}

/// Processes prompts of equal length. Returns a new cache, its number of rows, and the hidden state of each prompt's last token,
/// `(prompts, hidden_size)`.
fn process_prompts<M: CausalLm + ?Sized>(
    model: &M,
    prompts: &[Vec<i64>],
    capacity: i64,
) -> Result<(KvCache, usize, Tensor)> {
    let length = prompts.first().map_or(1, Vec::len);
    let rows = with_fillers(prompts.len(), model.min_rows().div_ceil(length.max(1)));
    let ids = matrix(prompts)?.f_index_select(0, &Tensor::from_slice(&rows))?.f_to_device(model.device())?;
    let mut cache = model.new_cache(rows.len() as i64, capacity);
    let hidden = model.hidden(&ids, None, &Attention::Causal, Some(&mut cache))?;
    Ok((cache, rows.len(), hidden.f_select(1, -1)?.f_narrow(0, 0, prompts.len() as i64)?))
}

/// The indices of `count` rows, and copies of the first until there are `least`.
fn with_fillers(count: usize, least: usize) -> Vec<i64> {
    (0..count as i64).chain(repeat_n(0, least.saturating_sub(count))).collect()
}
