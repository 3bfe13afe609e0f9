use crate::checkpoint::Checkpoint;
use crate::lora::Adapter;
use crate::{Error, KvCache, LinearLayerInfo, Parameters, Result, SharedTokenRows, TrainableModel, TrainingMemory};
use std::fmt;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Which keys each query attends to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Attention<'a> {
    /// Each position attends to itself and all earlier positions. Correct for unpadded and right-padded batches, where no real token
    /// attends to padding.
    Causal,
    /// Causal, and no query attends to padding: an int64 or bool mask of shape `(batch, cached + seq)`, 1 on real tokens.
    Padded(&'a Tensor),
    /// Query `i` of a row attends to the keys where the bool mask, `(batch, seq, cached + seq)`, is true. There must be at least one, and
    /// the keys must be in the order of their positions.
    /// For sequences that share a row of the cache, such as the beams of a prompt, which lie next to each other in `seq` and need
    /// explicit position ids.
    Masked(&'a Tensor),
    /// The input is one row that holds the tokens of several rows. Tokens that rows have in common, such as a shared prefix, occur only
    /// once. It needs explicit position ids. Within each row attention is [`Attention::Causal`], or [`Attention::Padded`] with an
    /// `attention_mask` `(rows, len)`. Cannot be used with a cache, and only with models that support it
    /// ([`CausalLm::supports_shared_tokens`]).
    SharedTokens {
        /// The tokens of each row.
        rows: &'a SharedTokenRows,
        /// 1 on real tokens.
        attention_mask: Option<&'a Tensor>,
    },
}

/// A causal language model that returns hidden states; logits are `hidden · headᵀ`, capped in a few models
/// ([`CausalLm::logit_softcap`]).
///
/// `Box<dyn CausalLm>` also implements it, for models whose architecture is known only at run time.
pub trait CausalLm: TrainableModel {
    /// Final hidden states of shape `(batch, seq, hidden_size)`.
    ///
    /// * `input_ids`: int64, `(batch, seq)`.
    /// * `position_ids`: int64, `(batch, seq)`; `None` counts from the length of the cache. Left-padded batches need explicit ids.
    /// * `cache`: keys and values of the tokens before `input_ids`; those of `input_ids` are appended to it.
    ///
    /// # Errors
    /// Shapes that do not match, positions beyond [`CausalLm::max_position_embeddings`], or a full cache.
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor>;

    /// The hidden states of all layers, like `output_hidden_states` in transformers: the input of the first block (the embeddings), then
    /// the output of each block, the last one after the final norm. So the last element is [`CausalLm::hidden`] of the same arguments
    /// without a cache, and each has its shape. Gradients flow through all of them.
    ///
    /// # Errors
    /// As [`CausalLm::hidden`]; and the model does not have this method, which is the default.
    fn hidden_states(
        &self,
        _input_ids: &Tensor,
        _position_ids: Option<&Tensor>,
        _attention: &Attention,
    ) -> Result<Vec<Tensor>> {
        Err(Error::Input("this model does not give the hidden states of its layers".into()))
    }

    /// Whether the model supports [`Attention::SharedTokens`].
    fn supports_shared_tokens(&self) -> bool {
        false
    }

    /// The output projection, `(vocab_size, hidden_size)`.
    fn head(&self) -> &Tensor;

    /// The cap of the logits, if the model has one: a logit `x` becomes `cap · tanh(x / cap)` (Gemma 2).
    fn logit_softcap(&self) -> Option<f64> {
        None
    }

    /// Logits `(…, vocab_size)` of hidden states `(…, hidden_size)`.
    ///
    /// # Errors
    /// Shapes that do not match.
    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        let logits = hidden.f_linear(self.head(), None::<&Tensor>)?;
        match self.logit_softcap() {
            Some(cap) => Ok(logits.f_div_scalar(cap)?.f_tanh()?.f_mul_scalar(cap)?),
            None => Ok(logits),
        }
    }

    /// A copy for inference with weights in the memory layout that the CPU's matrix product needs. `None` if this gives no speedup, as
    /// on a GPU, or if this model is such a copy.
    ///
    /// The copy takes as much memory as the linear layers, has no gradients, and does not follow later changes of this model's weights.
    /// It rounds differently, with the same accuracy.
    ///
    /// # Errors
    /// Not enough memory.
    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        Ok(None)
    }

    /// The number of rows, `batch · seq`, from which on the result of a row does not depend on the number of rows, to the last bit. LibTorch's
    /// matrix products use other kernels for fewer, which round differently. The products of a [packed](Self::packed) copy do not.
    fn min_rows(&self) -> usize {
        8
    }

    /// Creates an empty cache for `batch` rows of at most `capacity` tokens.
    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache;

    /// Number of token ids.
    fn vocab_size(&self) -> i64 {
        self.head().size().first().copied().unwrap_or(0)
    }

    /// Longest sequence, in tokens.
    fn max_position_embeddings(&self) -> i64;

    /// The end-of-sequence ids in the config; may be empty.
    fn eos_token_ids(&self) -> &[i64] {
        &[]
    }

    /// The beginning-of-sequence id in the config.
    fn bos_token_id(&self) -> Option<i64> {
        None
    }

    /// A copy without gradients: the reference model of preference optimisation. The frozen weights under an adapter are shared.
    ///
    /// # Errors
    /// Not enough memory.
    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>>;

    /// The interface for adapters; `None` if the model does not support adapters.
    fn adaptable(&self) -> Option<&dyn Adaptable> {
        None
    }

    /// The device of the weights.
    fn device(&self) -> Device {
        self.head().device()
    }

    /// The dtype of the weights.
    fn kind(&self) -> Kind {
        self.head().kind()
    }
}

/// A causal model whose linear layers support adapters ([`LoraModel`](crate::LoraModel)).
pub trait Adaptable {
    /// The linear layers of the blocks, in the order of the checkpoint.
    fn linear_layers(&self) -> Vec<LinearLayerInfo>;

    /// The name of the token embedding's weight, `(vocab_size, hidden_size)`: `transformer.wte.weight`.
    fn embedding(&self) -> &str;

    /// The name of the output projection's weight, `(vocab_size, hidden_size)`. A model with tied embeddings has no such parameter. `None` if
    /// the head has no row for each token, as in a classifier.
    fn output_projection(&self) -> Option<&str> {
        Some("lm_head.weight")
    }

    /// The layers that PEFT adapts by default in this architecture, by the ends of their names; empty if they must be named.
    fn default_lora_targets(&self) -> &'static [&'static str] {
        &[]
    }

    /// Builds the same model with other weights and an adapter, in evaluation mode. The embeddings may have another number of tokens,
    /// and the weights may have an output projection even if this model's embeddings are tied.
    ///
    /// # Errors
    /// A weight is missing.
    fn with_weights(&self, weights: Parameters, adapter: Option<Adapter<'_>>) -> Result<Box<dyn CausalLm>>;
}

impl fmt::Debug for dyn CausalLm + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CausalLm").field("vocab_size", &self.vocab_size()).finish_non_exhaustive()
    }
}

impl CausalLm for Box<dyn CausalLm> {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        (**self).hidden(input_ids, position_ids, attention, cache)
    }

    fn hidden_states(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
    ) -> Result<Vec<Tensor>> {
        (**self).hidden_states(input_ids, position_ids, attention)
    }

    fn supports_shared_tokens(&self) -> bool {
        (**self).supports_shared_tokens()
    }

    fn head(&self) -> &Tensor {
        (**self).head()
    }

    fn logit_softcap(&self) -> Option<f64> {
        (**self).logit_softcap()
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        (**self).logits(hidden)
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        (**self).packed()
    }

    fn min_rows(&self) -> usize {
        (**self).min_rows()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        (**self).new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        (**self).vocab_size()
    }

    fn max_position_embeddings(&self) -> i64 {
        (**self).max_position_embeddings()
    }

    fn eos_token_ids(&self) -> &[i64] {
        (**self).eos_token_ids()
    }

    fn bos_token_id(&self) -> Option<i64> {
        (**self).bos_token_id()
    }

    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>> {
        (**self).frozen_copy()
    }

    fn adaptable(&self) -> Option<&dyn Adaptable> {
        (**self).adaptable()
    }

    fn device(&self) -> Device {
        (**self).device()
    }

    fn kind(&self) -> Kind {
        (**self).kind()
    }
}

impl TrainableModel for Box<dyn CausalLm> {
    fn parameters(&self) -> &Parameters {
        (**self).parameters()
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        (**self).frozen_parameters()
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        (**self).hyper_parameters()
    }

    fn config_json(&self) -> Result<serde_json::Value> {
        (**self).config_json()
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        (**self).training_memory(sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        (**self).set_training(training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        (**self).set_gradient_checkpointing(on)
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        (**self).save_pretrained(dir, overwrite)
    }

    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        (**self).open_saved(dir)
    }
}
