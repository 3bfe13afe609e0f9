use crate::checkpoint::Checkpoint;
use crate::lora::Adapter;
use crate::{KvCache, LinearLayer, Parameters, Result, TokenRows, TrainableModel, TrainingMemory};
use std::fmt;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Which keys a query may attend to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Attention<'a> {
    /// Every position sees itself and those before it. Right for unpadded and for right-padded batches (what stands
    /// behind a row's last real token cannot be seen by it).
    Causal,
    /// Causal, and no query sees a padded key: an int64 or bool mask of shape `(batch, cached + seq)`, 1 on real tokens.
    Padded(&'a Tensor),
    /// Query `i` of a row sees the keys where the bool mask, `(batch, seq, cached + seq)`, is true; at least one. For texts that
    /// share a row of the cache, such as the beams of a prompt: these stand side by side in `seq`, with positions of their own.
    Masked(&'a Tensor),
    /// The one row of input holds the tokens of several rows, those that rows have in common once, with positions of their own. Within
    /// each row attention is [`Attention::Causal`], or [`Attention::Padded`] by an `attention_mask` `(rows, len)`. Without a cache, and
    /// of models that can ([`CausalLm::takes_rows`]).
    Rows {
        /// Which token stands where.
        rows: &'a TokenRows,
        /// 1 on real tokens.
        attention_mask: Option<&'a Tensor>,
    },
}

/// A causal language model that gives hidden states; logits are `hidden · headᵀ`.
///
/// `Box<dyn CausalLm>` is one too, so a model can be a value whose architecture is known at run time only.
pub trait CausalLm: TrainableModel {
    /// Final hidden states of shape `(batch, seq, hidden_size)`.
    ///
    /// * `input_ids`: int64, `(batch, seq)`.
    /// * `position_ids`: int64, `(batch, seq)`; `None` counts from the cache's length (left-padded batches need their own).
    /// * `cache`: keys and values of the tokens before `input_ids`; those of `input_ids` are appended to it.
    ///
    /// # Errors
    /// Shapes that do not fit each other, positions beyond [`CausalLm::n_positions`], or a full cache.
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor>;

    /// Whether [`Attention::Rows`] is one of the ways in which it attends.
    fn takes_rows(&self) -> bool {
        false
    }

    /// The output projection, `(vocab_size, hidden_size)`.
    fn head(&self) -> &Tensor;

    /// Scores of the next token, `(…, vocab_size)`, behind hidden states `(…, hidden_size)`.
    ///
    /// # Errors
    /// Shapes that do not fit.
    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        Ok(hidden.f_linear(self.head(), None::<&Tensor>)?)
    }

    /// A copy for inference, whose weights lie as the processor multiplies them; `None` where nothing is gained by that, as
    /// on a GPU or where this model is such a copy.
    ///
    /// It takes as much memory again as the linear layers do, no gradient flows through it, and it does not see later changes
    /// of this model's weights. It rounds differently, no less exactly.
    ///
    /// # Errors
    /// Not enough memory.
    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        Ok(None)
    }

    /// An empty cache for `batch` rows of at most `capacity` tokens.
    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache;

    /// Number of token ids.
    fn vocab_size(&self) -> i64 {
        self.head().size().first().copied().unwrap_or(0)
    }

    /// Longest sequence, in tokens.
    fn n_positions(&self) -> i64;

    /// The ids that end a text: those that the config names, if any.
    fn eos_token_ids(&self) -> &[i64] {
        &[]
    }

    /// The id that starts a text, if the config names one.
    fn bos_token_id(&self) -> Option<i64> {
        None
    }

    /// A copy whose weights no gradient reaches: the reference of preference optimisation. Weights that stand still under an
    /// adapter are shared with it.
    ///
    /// # Errors
    /// Not enough memory.
    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>>;

    /// How an adapter fits to it; `None` where it takes none.
    fn adaptable(&self) -> Option<&dyn Adaptable> {
        None
    }

    /// Where the weights are.
    fn device(&self) -> Device {
        self.head().device()
    }

    /// The weights' dtype.
    fn kind(&self) -> Kind {
        self.head().kind()
    }
}

/// A causal model whose linear layers take adapters ([`LoraModel`](crate::LoraModel)).
pub trait Adaptable {
    /// The linear layers of the blocks, in the checkpoint's order.
    fn linear_layers(&self) -> Vec<LinearLayer>;

    /// The name of the token embedding's weight, `(vocab_size, hidden_size)`: `transformer.wte.weight`.
    fn embedding(&self) -> &str;

    /// The name of the output projection's weight, `(vocab_size, hidden_size)`, which a model with tied embeddings does not hold.
    fn output_projection(&self) -> &str {
        "lm_head.weight"
    }

    /// The same model on other weights, in evaluation mode, with the adapter's matrices beside its layers. The embeddings may be of
    /// another number of tokens, and the output
    /// projection may be there where this model's is the embedding.
    ///
    /// # Errors
    /// A weight that is missing.
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

    fn takes_rows(&self) -> bool {
        (**self).takes_rows()
    }

    fn head(&self) -> &Tensor {
        (**self).head()
    }

    fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        (**self).logits(hidden)
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        (**self).packed()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        (**self).new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        (**self).vocab_size()
    }

    fn n_positions(&self) -> i64 {
        (**self).n_positions()
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
