use crate::checkpoint::Checkpoint;
use crate::trainable_model::no_gradient_checkpointing;
use crate::{KvCache, Parameters, Result, TokenRows, TrainingMemory};
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
pub trait CausalLm {
    /// Final hidden states of shape `(batch, seq, n_embd)`.
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

    /// The output projection, `(vocab_size, n_embd)`.
    fn head(&self) -> &Tensor;

    /// Scores of the next token, `(…, vocab_size)`, behind hidden states `(…, n_embd)`.
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

    /// The named weights, in the checkpoint's order: those of the adapter alone, where the model has one.
    fn parameters(&self) -> &Parameters;

    /// The weights that stand still under an adapter; `None` where there is no adapter.
    fn frozen_parameters(&self) -> Option<&Parameters> {
        None
    }

    /// Number of token ids.
    fn vocab_size(&self) -> i64;

    /// Longest sequence, in tokens.
    fn n_positions(&self) -> i64;

    /// The ids that end a text: those that the config names, if any.
    fn eos_token_ids(&self) -> &[i64];

    /// The id that starts a text, if the config names one.
    fn bos_token_id(&self) -> Option<i64>;

    /// What a pass over `sequences` sequences of `length` tokens needs in training; `None` where that is not known.
    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let _ = (sequences, length);
        None
    }

    /// Turns dropout on (`true`) or off (`false`, as after loading).
    fn set_training(&mut self, training: bool);

    /// Whether a pass with a graph keeps of each layer its input alone, and the backward pass computes the layer again (gradient
    /// checkpointing, arXiv:1604.06174): less memory for about a third more arithmetic, with the same gradient to the last bit, dropout
    /// included. Off after loading; a pass with a cache is as it was.
    ///
    /// # Errors
    /// A model that cannot do so.
    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        if on { Err(no_gradient_checkpointing()) } else { Ok(()) }
    }

    /// A copy whose weights no gradient reaches: the reference of preference optimisation. Weights that stand still under an
    /// adapter are shared with it.
    ///
    /// # Errors
    /// Not enough memory.
    fn frozen_copy(&self) -> Result<Self>
    where
        Self: Sized;

    /// Writes `config.json` and `model.safetensors` into `dir`, as transformers reads them; of a model with an adapter, the
    /// adapter alone, as PEFT reads it.
    ///
    /// # Errors
    /// A file that exists already, unless `overwrite`, or a folder that cannot be written.
    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()>;

    /// Opens the weights that [`CausalLm::save_pretrained`] wrote into `dir`, under the names of [`CausalLm::parameters`].
    ///
    /// # Errors
    /// Files that are missing or damaged, or those of a model of another kind.
    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        Ok(Checkpoint::open(dir)?)
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
