use super::fresh::fresh;
use super::targets::targets;
use super::{Adapter, adapter_config, adapter_file};
use crate::checkpoint::Checkpoint;
use crate::{
    Attention, CausalLm, Error, Gpt2, KvCache, LoraConfig, Parameters, Result, TrainingMemory, pretrained_config,
};
use align_printable::printable_path;
use std::path::Path;
use tch::{Kind, Tensor};

/// GPT-2 with a LoRA adapter (arXiv:2106.09685) on its frozen weights.
///
/// An adapted layer gives `x W + b + scaling · dropout(x) Aᵀ Bᵀ`, with `A` `(r, in)` and `B` `(out, r)`; the sum of the weights is
/// never formed. [`CausalLm::parameters`] are these matrices alone, so gradients, optimiser state and checkpoints are as small
/// as they are. Under weights of 16 bits the adapter is float32, as in PEFT.
///
/// ```no_run
/// use align_models::{CausalLm, Gpt2, LoraConfig, LoraGpt2};
/// # use tch::{Device, Kind};
///
/// let base = Gpt2::from_pretrained("models/gpt2".as_ref(), Kind::Float, Device::Cpu)?;
/// let model = LoraGpt2::new(base, LoraConfig { r: 16, lora_alpha: 32.0, ..LoraConfig::default() }, 42)?;
/// model.save_pretrained("adapter".as_ref(), false)?; // PeftModel.from_pretrained(base, "adapter") in Python
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug)]
pub struct LoraGpt2 {
    pub(super) config: LoraConfig,
    /// The matrices, under PEFT's names.
    pub(super) adapter: Parameters,
    /// The base model's weights, with the adapter's layers beside them.
    pub(super) model: Gpt2,
}

impl LoraGpt2 {
    /// A new adapter on `base`, which leaves what the model says as it is: `B` is zero, `A` drawn by `seed`. Gradients are off.
    ///
    /// # Errors
    /// Options out of range, or target modules that the model has not.
    pub fn new(base: Gpt2, config: LoraConfig, seed: u64) -> Result<Self> {
        config.validate()?;
        let targets = targets(&config, base.config())?;
        let adapter = fresh(&targets, config.r, seed, adapter_kind(base.kind()), base.device())?;
        Self::build(&base, config, adapter)
    }

    /// The adapter that PEFT, or [`CausalLm::save_pretrained`], wrote into `dir`, on its base model. Gradients are off.
    ///
    /// # Errors
    /// `adapter_config.json` or `adapter_model.safetensors` missing, damaged, or not made for this model; see
    /// [`LoraConfig::from_pretrained`].
    pub fn from_pretrained(base: Gpt2, dir: &Path) -> Result<Self> {
        let config = LoraConfig::from_pretrained(dir)?;
        let fail = |e: Error| Error::Config { path: dir.join(adapter_config::NAME), reason: e.to_string() };
        let targets = targets(&config, base.config()).map_err(fail)?;
        let adapter = adapter_file::read(dir, &targets, config.r, adapter_kind(base.kind()), base.device())?;
        Self::build(&base, config, adapter)
    }

    fn build(base: &Gpt2, config: LoraConfig, adapter: Parameters) -> Result<Self> {
        base.parameters().set_requires_grad(false);
        let model = base.adapted(Adapter { config: &config, parameters: &adapter })?;
        Ok(Self { config, adapter, model })
    }

    /// The adapter's options.
    #[must_use]
    pub fn lora_config(&self) -> &LoraConfig {
        &self.config
    }

    /// A plain model that says the same: `W + scaling · (B A)ᵀ` in place of each adapted weight, in the weight's dtype.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn merge_and_unload(self) -> Result<Gpt2> {
        self.merged()
    }

    /// As [`LoraGpt2::merge_and_unload`]; weights that are not adapted are shared.
    fn merged(&self) -> Result<Gpt2> {
        let adapter = Adapter { config: &self.config, parameters: &self.adapter };
        let merged = |(name, weight): (&str, &Tensor)| {
            let layer = name.strip_suffix(".weight").and_then(|layer| adapter.layer(layer));
            let weight = match layer {
                None => weight.shallow_clone(),
                Some(layer) => layer.merged_into(weight)?,
            };
            Ok((name.to_owned(), weight))
        };
        let weights = tch::no_grad(|| self.model.parameters().iter().map(merged).collect::<Result<_>>())?;
        Gpt2::from_parameters(self.model.config().clone(), Parameters::new(weights))
    }
}

/// The adapter's dtype on weights of a dtype: steps are too small for one of 16 bits.
fn adapter_kind(base: Kind) -> Kind {
    if matches!(base, Kind::BFloat16 | Kind::Half) { Kind::Float } else { base }
}

impl CausalLm for LoraGpt2 {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        self.model.hidden(input_ids, position_ids, attention, cache)
    }

    fn takes_rows(&self) -> bool {
        self.model.takes_rows()
    }

    fn head(&self) -> &Tensor {
        self.model.head()
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        self.merged()?.packed()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        self.model.new_cache(batch, capacity)
    }

    fn parameters(&self) -> &Parameters {
        &self.adapter
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        Some(self.model.parameters())
    }

    fn vocab_size(&self) -> i64 {
        self.model.vocab_size()
    }

    fn n_positions(&self) -> i64 {
        self.model.n_positions()
    }

    fn eos_token_id(&self) -> Option<i64> {
        self.model.eos_token_id()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.model.bos_token_id()
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        self.training_memory_of(sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        self.model.set_training(training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.model.set_gradient_checkpointing(on)
    }

    fn frozen_copy(&self) -> Result<Self> {
        Self::build(&self.model, self.config.clone(), self.adapter.detached_copy()?)
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        std::fs::create_dir_all(dir)
            .map_err(|e| Error::Input(format!("the folder {} cannot be made: {e}", printable_path(dir))))?;
        // The config makes a folder an adapter: it goes first and comes last.
        pretrained_config::withdraw(dir, adapter_config::NAME, overwrite)?;
        adapter_file::write(dir, &self.adapter, overwrite)?;
        self.config.write(dir, overwrite)
    }

    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        let saved = LoraConfig::from_pretrained(dir)?;
        match self.config.difference(&saved) {
            None => adapter_file::open(dir),
            Some(reason) => Err(Error::Config { path: dir.join(adapter_config::NAME), reason }),
        }
    }
}
