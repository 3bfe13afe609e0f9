use super::{Block, ForwardContext, KvCache, Mode, Positions};
use crate::layers::{Norm, dropout};
use crate::linear_layer_info::LinearLayerInfo;
use crate::{Attention, Error, Result};
use tch::{Device, Kind, Tensor};

/// A decoder: embeddings, positions, blocks and the last norm. [`DecoderLm`](super::DecoderLm) adds a head.
#[derive(Debug)]
pub struct Decoder {
    /// The token embedding, `(vocab_size, hidden_size)`.
    pub embedding: Tensor,
    /// The token whose embedding gets no gradient from the input, like the `padding_idx` of `torch.nn.Embedding`. Models that pad with their
    /// end of turn do not train its embedding either.
    pub padding_idx: Option<i64>,
    /// Factor of the token embeddings, if any (Gemma).
    pub embedding_scale: Option<f64>,
    /// The position embeddings.
    pub positions: Positions,
    /// Longest sequence, in tokens.
    pub max_position_embeddings: i64,
    /// Dropout probability of the embeddings.
    pub dropout: f64,
    /// The blocks, in order.
    pub blocks: Vec<Block>,
    /// The norm after the last block.
    pub norm: Norm,
}

impl Decoder {
    /// Final hidden states of shape `(batch, seq, hidden_size)`: see [`CausalLm::hidden`](crate::CausalLm::hidden).
    ///
    /// # Errors
    /// Shapes that do not fit each other, positions beyond `max_position_embeddings`, or a full cache.
    pub fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
        mode: Mode,
    ) -> Result<Tensor> {
        self.forward(input_ids, position_ids, attention, cache, mode, |_| ())
    }

    /// The embeddings and the output of each block, the last one normed: see
    /// [`CausalLm::hidden_states`](crate::CausalLm::hidden_states).
    ///
    /// # Errors
    /// Shapes that do not fit each other, or positions beyond `max_position_embeddings`.
    pub fn hidden_states(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        mode: Mode,
    ) -> Result<Vec<Tensor>> {
        let mut states = Vec::with_capacity(self.blocks.len() + 1);
        let keep = |x: &Tensor| states.push(x.shallow_clone());
        let last = self.forward(input_ids, position_ids, attention, None, mode, keep)?;
        states.push(last);
        Ok(states)
    }

    /// The final hidden states. `observe_input` is given the input of each block.
    fn forward(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        mut cache: Option<&mut KvCache>,
        mode: Mode,
        mut observe_input: impl FnMut(&Tensor),
    ) -> Result<Tensor> {
        let (batch, seq) = input_ids.size2()?;
        let (kind, device) = (self.kind(), self.device());
        let positions = match position_ids {
            Some(given) => given.f_to_device(device)?,
            None => self.positions_after(cache.as_deref(), batch, seq)?,
        };
        let mut x = Tensor::f_embedding(
            &self.embedding,
            &input_ids.f_to_device(device)?,
            self.padding_idx.unwrap_or(-1),
            false,
            false,
        )?;
        if let Some(scale) = self.embedding_scale {
            // The factor is rounded to the weights' dtype, as in transformers.
            x = x.f_mul(&Tensor::f_from_slice(&[scale])?.f_to_kind(kind)?.f_to_device(device)?)?;
        }
        if let Positions::Learned(embedding) = &self.positions {
            x = x.f_add(&Tensor::f_embedding(embedding, &positions, -1, false, false)?)?;
        }
        let rotations = self.positions.rotations(&positions, cache.as_deref_mut(), kind)?;
        let mut x = dropout(x, self.dropout, mode.training)?;
        let options = (kind, device);
        let (window, past) = (self.window(), cache.as_deref_mut());
        let mut context =
            ForwardContext::new(attention, (batch, seq), rotations, window, past, mode.training, options)?;
        for (layer, block) in self.blocks.iter().enumerate() {
            observe_input(&x);
            x = match mode.gradient_checkpointing && context.cache.is_none() {
                true => block.forward_checkpointed(&x, layer, &context)?,
                false => block.forward(&x, layer, &mut context)?,
            };
        }
        if let Some(cache) = cache {
            cache.advance(seq);
        }
        self.norm.forward(&x)
    }

    /// The sliding window of the blocks that have one.
    fn window(&self) -> Option<i64> {
        self.blocks.iter().find_map(|block| block.attention.window)
    }

    fn positions_after(&self, cache: Option<&KvCache>, batch: i64, seq: i64) -> Result<Tensor> {
        let end = cache.map_or(0, KvCache::len) + seq;
        if end > self.max_position_embeddings {
            return Err(Error::Input(format!(
                "a sequence of {end} tokens is longer than the model's max_position_embeddings, {}: shorten it",
                self.max_position_embeddings
            )));
        }
        let new = Tensor::f_arange(seq, (Kind::Int64, self.device()))?;
        match cache {
            Some(cache) => {
                let past = Tensor::f_from_slice(cache.lengths())?.f_to_device(self.device())?;
                Ok(past.f_unsqueeze(1)?.f_add(&new)?)
            }
            None => Ok(new.f_expand([batch, seq], false)?),
        }
    }

    /// Creates an empty cache for `batch` rows of at most `capacity` tokens.
    #[must_use]
    pub fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        let attention = self.blocks.first().map(|block| &block.attention);
        let [heads, kv_heads, head_dim] = attention.map_or([0; 3], |a| [a.heads, a.kv_heads, a.head_dim]);
        let shape = [batch, kv_heads, capacity, head_dim];
        let cache = KvCache::new(self.blocks.len(), shape, self.kind(), self.device()).with_query_heads(heads);
        // The rotations of a row then depend on the longest row.
        if self.positions.scale_with_length() { cache.with_equal_lengths() } else { cache }
    }

    /// The linear layers of the blocks, in the order of checkpoints.
    #[must_use]
    pub fn linear_layers(&self) -> Vec<LinearLayerInfo> {
        self.blocks.iter().enumerate().flat_map(|(index, block)| block.linear_layers(index)).collect()
    }

    /// The dtype of the weights.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.embedding.kind()
    }

    /// The device of the weights.
    #[must_use]
    pub fn device(&self) -> Device {
        self.embedding.device()
    }
}
