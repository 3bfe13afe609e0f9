use super::scores::Scores;
use crate::{Attention, CausalLm, KvCache, Result};
use std::iter::repeat_n;
use tch::{Kind, Tensor};

/// A model with a key-value cache for groups of beams, one group per prompt.
///
/// The beams of a group share one row of the cache. It holds the prompt once, and each step appends one token per beam. A mask lets
/// each beam attend to the prompt and to its own tokens. So a beam can continue any other beam, and no cache entries are moved.
pub(super) struct BeamDecoder<'a, M: ?Sized> {
    model: &'a M,
    cache: KvCache,
    /// Beams per group.
    beams: usize,
    /// Number of groups, without the filler groups needed for [`CausalLm::min_rows`].
    groups: usize,
    /// Attention mask of the prompts, `(groups with fillers, seq)`, bool.
    prompt: Tensor,
    /// The next position of each group, `(groups with fillers, 1)`.
    position: Tensor,
    /// Number of steps after the prompt.
    steps: usize,
    scores: Scores,
}

/// The next token of a beam, and the cache slots of its earlier new tokens.
pub(super) struct BeamToken<'a> {
    /// The [slots](BeamDecoder::slot) of its tokens, in any order.
    pub slots: &'a [usize],
    pub token: i64,
}

impl<'a, M: CausalLm + ?Sized> BeamDecoder<'a, M> {
    /// Processes the prompts, int64 `(batch, seq)`. The cache has room for `new_tokens` steps. `mask` has the same shape, and is needed
    /// only for left-padded prompts.
    pub fn new(model: &'a M, ids: &Tensor, mask: Option<&Tensor>, new_tokens: i64, beams: usize) -> Result<Self> {
        let (batch, seq) = ids.size2()?;
        let min_rows = model.min_rows();
        let least = min_rows.div_ceil(beams.max(1)).max(min_rows.div_ceil(seq.max(1) as usize)) as i64;
        let held = batch.max(least);
        let filled: Vec<i64> = (0..batch).chain(repeat_n(0, (held - batch) as usize)).collect();
        let filled = Tensor::from_slice(&filled).f_to_device(model.device())?;
        let ids = ids.f_to_device(model.device())?.f_index_select(0, &filled)?;
        let mut cache = model.new_cache(held, seq + (new_tokens - 1).max(0) * beams as i64);
        let bools = (Kind::Bool, model.device());
        let (hidden, prompt, position) = match mask {
            None => {
                let hidden = model.hidden(&ids, None, &Attention::Causal, Some(&mut cache))?;
                let position = Tensor::f_full([held, 1], seq, (Kind::Int64, model.device()))?;
                (hidden, Tensor::f_ones([held, seq], bools)?, position)
            }
            Some(mask) => {
                let mask = mask.f_to_device(model.device())?.f_index_select(0, &filled)?;
                let positions = mask.f_cumsum(1, Kind::Int64)?.f_sub_scalar(1)?.f_clamp_min(0)?;
                let hidden = model.hidden(&ids, Some(&positions), &Attention::Padded(&mask), Some(&mut cache))?;
                (hidden, mask.f_to_kind(Kind::Bool)?, positions.f_narrow(1, seq - 1, 1)?.f_add_scalar(1)?)
            }
        };
        let mut scores = Scores::new(model, true);
        scores.compute(&hidden.f_select(1, -1)?.f_narrow(0, 0, batch)?, model)?;
        Ok(Self { model, cache, beams, groups: batch as usize, prompt, position, steps: 0, scores })
    }

    /// The log-probabilities of the next token of each beam: first one row per prompt, then one row per beam.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The cache slot of the next token of beam `beam` in each group, counted from the end of the prompt.
    pub fn slot(&self, beam: usize) -> usize {
        self.steps * self.beams + beam
    }

    /// Keeps these groups, in this order, and drops the others.
    pub fn keep(&mut self, groups: &[usize]) -> Result<()> {
        let held = self.prompt.size2()?.0 as usize;
        let least = self.model.min_rows().div_ceil(self.beams).min(held);
        let filler = repeat_n(groups.first().copied().unwrap_or(0), least.saturating_sub(groups.len()));
        let rows: Vec<i64> = groups.iter().copied().chain(filler).map(|group| group as i64).collect();
        self.cache.reorder(&rows)?;
        let rows = Tensor::from_slice(&rows).f_to_device(self.model.device())?;
        self.prompt = self.prompt.f_index_select(0, &rows)?;
        self.position = self.position.f_index_select(0, &rows)?;
        self.groups = groups.len();
        Ok(())
    }

    /// Appends one token to each beam. A group with fewer beams is padded.
    pub fn step(&mut self, groups: &[Vec<BeamToken>]) -> Result<()> {
        let (rows, seq) = self.prompt.size2()?;
        let new_slots = (self.steps + 1) * self.beams;
        let (rows, mut ids, mut mask) = (rows as usize, Vec::new(), Vec::new());
        ids.resize(rows * self.beams, 0i64);
        mask.resize(rows * self.beams * new_slots, false);
        // A padding beam attends to itself, because otherwise its output would be NaN.
        for (index, mask) in mask.chunks_exact_mut(new_slots).enumerate() {
            let own_slot = self.steps * self.beams + index % self.beams;
            let beam = groups.get(index / self.beams).and_then(|group| group.get(index % self.beams));
            if let (Some(beam), Some(id)) = (beam, ids.get_mut(index)) {
                *id = beam.token;
            }
            for slot in beam.iter().flat_map(|beam| beam.slots).chain([&own_slot]) {
                if let Some(allowed) = mask.get_mut(*slot) {
                    *allowed = true;
                }
            }
        }
        let (rows, beams, new_slots) = (rows as i64, self.beams as i64, new_slots as i64);
        let device = self.model.device();
        let ids = Tensor::f_from_slice(&ids)?.f_view([rows, beams])?.f_to_device(device)?;
        let mask = Tensor::f_from_slice(&mask)?.f_view([rows, beams, new_slots])?.f_to_device(device)?;
        let prompt = self.prompt.f_unsqueeze(1)?.f_expand([rows, beams, seq], false)?;
        let mask = Tensor::f_cat(&[prompt, mask], 2)?;
        let positions = self.position.f_expand([rows, beams], false)?;
        let hidden = self.model.hidden(&ids, Some(&positions), &Attention::Masked(&mask), Some(&mut self.cache))?;
        self.position = self.position.f_add_scalar(1)?;
        self.steps += 1;
        let used = hidden.f_narrow(0, 0, self.groups as i64)?;
        let width = used.size3()?.2;
        self.scores.compute(&used.f_reshape([-1, width])?, self.model)
    }
}
