use super::base_digest::base_digest;
use super::find_targets::{fan_in_fan_out, reject_unused_names, targets};
use super::full_weights::{self, FullWeight};
use super::init_weights::init_matrices;
use super::lora_base::LoraBase;
use super::target::Target;
use super::{Adapter, TaskType, adapter_config, adapter_file};
use crate::checkpoint::Checkpoint;
use crate::identity::hyper_parameters;
use crate::{
    Attention, CausalLm, Error, KvCache, LoraConfig, Parameters, Result, TrainableModel, TrainingMemory,
    pretrained_config,
};
use align_base::printable_path;
use align_torch::{available_memory, format_bytes};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// A causal model with a LoRA adapter (arXiv:2106.09685) on its frozen weights.
///
/// An adapted layer computes `x Wᵀ + b + scaling · dropout(x) Aᵀ Bᵀ`, with `A` `(r, in)` and `B` `(out, r)`. The weights are not merged.
/// [`TrainableModel::parameters`] are only the adapter's, so gradients, optimiser state and checkpoints are small. If the weights of the
/// base model have 16 bits, the adapter is float32, as in PEFT.
///
/// ```no_run
/// use align_models::{Gpt2, LoraConfig, LoraModel, TrainableModel};
/// # use tch::{Device, Kind};
///
/// let base = Gpt2::from_pretrained("models/gpt2".as_ref(), Kind::Float, Device::Cpu)?;
/// let model = LoraModel::new(base, LoraConfig { r: 16, lora_alpha: 32.0, ..LoraConfig::default() }, 42)?;
/// model.save_pretrained("adapter".as_ref(), false)?; // PeftModel.from_pretrained(base, "adapter") in Python
/// # Ok::<(), align_models::Error>(())
/// ```
#[derive(Debug)]
pub struct LoraModel {
    pub(super) config: LoraConfig,
    /// The digest of the base model, by which the adapter recognises it.
    base_digest: Option<String>,
    pub(super) targets: Vec<Target>,
    /// The weights of the base model that the adapter contains in full: the trained ones, and the untrained ones.
    full_weights: [Vec<FullWeight>; 2],
    /// The matrices and the fully trained weights, with their names in PEFT.
    pub(super) adapter: Parameters,
    /// The weights in the adapter's file that are not trained, with their names in PEFT.
    untrained: Parameters,
    /// The weights of the model that are not trained, with their own names.
    pub(super) frozen: Parameters,
    /// The base model with the adapter and the weights that the adapter replaces.
    pub(super) model: Box<dyn CausalLm>,
    pub(super) gradient_checkpointing: bool,
}

impl LoraModel {
    /// Adds a new adapter to `base`: `A` is random with the given `seed` and `B` is zero, so the outputs are not changed. Fully trained
    /// weights are copied. Gradients are off.
    ///
    /// # Errors
    /// An option is out of range or has no effect, the model does not have the target modules, or the adapter does not fit into memory.
    pub fn new(base: impl CausalLm, config: LoraConfig, seed: u64) -> Result<Self> {
        Self::with_init(&base, config, seed)
    }

    fn with_init(model: &dyn CausalLm, config: LoraConfig, seed: u64) -> Result<Self> {
        config.validate()?;
        let base = LoraBase::new(model)?;
        let config = base.with_trained_head(base.with_default_targets(config));
        let digest = base_digest(&base)?;
        let targets = targets(&config, &base)?;
        reject_unused_names(&config, &targets, &base)?;
        check_memory(&targets, adapter_kind(model.kind()), model.device())?;
        let trained = full_weights::trained_weights(&config, &base, &targets)?;
        let mut adapter = init_matrices(&targets, seed, adapter_kind(model.kind()), model.device())?;
        for weight in &trained {
            let base_weight = model.parameters().get(&weight.base).unwrap_or(model.head());
            adapter.push((weight.stored.name.clone(), base_weight.f_detach_copy()?));
        }
        let adapter = Parameters::new(adapter);
        let untrained = Parameters::new(Vec::new());
        Self::build(&base, (config, digest), targets, [trained, Vec::new()], adapter, untrained)
    }

    /// Loads an adapter that PEFT or [`TrainableModel::save_pretrained`] saved in `dir`, and applies it to `base`. Gradients are off.
    ///
    /// Embeddings in the adapter's file replace those of the base model, even if their vocabulary size differs.
    ///
    /// # Errors
    /// `adapter_config.json` or the weights (`adapter_model.safetensors` or `adapter_model.bin`) are missing, damaged, or do not match the
    /// model; see [`LoraConfig::from_pretrained`].
    pub fn from_pretrained(base: impl CausalLm, dir: &Path) -> Result<Self> {
        Self::read(&base, dir)
    }

    fn read(model: &dyn CausalLm, dir: &Path) -> Result<Self> {
        let mut base = LoraBase::new(model)?;
        let config = base.with_default_targets(LoraConfig::from_pretrained(dir)?);
        let fail = |e: Error| Error::Config { path: dir.join(adapter_config::NAME), reason: e.to_string() };
        if config.task_type == TaskType::SequenceClassification && base.task_type() != config.task_type {
            let reason = "`task_type` is \"SEQ_CLS\": the adapter belongs to a classifier or reward model, not to a language model";
            return Err(Error::Config { path: dir.join(adapter_config::NAME), reason: reason.into() });
        }
        let file = adapter_file::open(dir)?;
        let digest = base_digest(&base)?;
        adapter_file::check_base(&file, digest.as_deref(), &config)?;
        if let Some(tokens) = full_weights::vocab_size(&file, &base).filter(|tokens| *tokens != base.vocab_size) {
            tracing::warn!(
                path = %dir.display(), base = base.vocab_size, adapter = tokens,
                "the adapter's embeddings replace those of the base model and have another vocabulary size"
            );
            base.vocab_size = tokens;
        }
        let targets = targets(&config, &base).map_err(fail)?;
        let trained = full_weights::trained_weights(&config, &base, &targets).map_err(fail)?;
        let untrained = full_weights::untrained_embeddings(&file, &base, &trained);
        let kinds = (adapter_kind(model.kind()), model.kind());
        let [mut matrices, trained_weights, untrained_weights] =
            adapter_file::read(&file, &targets, [&trained, &untrained], kinds, model.device())?;
        matrices.extend(trained_weights);
        Self::build(
            &base,
            (config, digest),
            targets,
            [trained, untrained],
            Parameters::new(matrices),
            Parameters::new(untrained_weights),
        )
    }

    fn build(
        base: &LoraBase,
        (config, base_digest): (LoraConfig, Option<String>),
        targets: Vec<Target>,
        full_weights: [Vec<FullWeight>; 2],
        adapter: Parameters,
        untrained: Parameters,
    ) -> Result<Self> {
        let config = LoraConfig { fan_in_fan_out: Some(fan_in_fan_out(&config, &targets)?), ..config };
        base.model.parameters().set_requires_grad(false);
        let trained_weights = full_weights::by_base_name(&full_weights[0], &adapter);
        let untrained_weights = full_weights::by_base_name(&full_weights[1], &untrained);
        let weights = full_weights::replace_weights(base, &trained_weights, &untrained_weights)?;
        let is_frozen = |name: &str| trained_weights.get(name).is_none();
        let frozen = weights.iter().filter(|(name, _)| is_frozen(name));
        let frozen = Parameters::new(frozen.map(|(name, weight)| (name.to_owned(), weight.shallow_clone())).collect());
        let layers = Adapter { targets: &targets, parameters: &adapter, dropout: config.lora_dropout };
        let model = base.adaptable.with_weights(weights, Some(layers))?;
        Ok(Self {
            config,
            base_digest,
            targets,
            full_weights,
            adapter,
            untrained,
            frozen,
            model,
            gradient_checkpointing: false,
        })
    }

    /// Opens the weights of the adapter in a folder.
    pub(crate) fn open_weights(dir: &Path) -> Result<Checkpoint> {
        adapter_file::open(dir)
    }

    /// The adapter's options.
    #[must_use]
    pub fn lora_config(&self) -> &LoraConfig {
        &self.config
    }

    /// Merges the adapter into the model: replaces each adapted weight by `W + scaling · B A`, in the dtype of the weight.
    ///
    /// # Errors
    /// Not enough memory.
    pub fn merge_and_unload(self) -> Result<Box<dyn CausalLm>> {
        self.merged()
    }

    /// Like [`LoraModel::merge_and_unload`]; weights that are not adapted are shared.
    fn merged(&self) -> Result<Box<dyn CausalLm>> {
        let adapter = Adapter { targets: &self.targets, parameters: &self.adapter, dropout: 0.0 };
        let merged = |(name, weight): (&str, &Tensor)| {
            let layer = name.strip_suffix(".weight").and_then(|layer| adapter.layer(layer));
            let weight = match layer {
                None => weight.shallow_clone(),
                Some(layer) => layer.merged_into(weight)?,
            };
            Ok((name.to_owned(), weight))
        };
        let weights = tch::no_grad(|| self.model.parameters().iter().map(merged).collect::<Result<_>>())?;
        LoraBase::new(&self.model)?.adaptable.with_weights(Parameters::new(weights), None)
    }
}

/// The dtype of an adapter for weights of this dtype. Small updates would be lost in a 16-bit dtype.
fn adapter_kind(base: Kind) -> Kind {
    if matches!(base, Kind::BFloat16 | Kind::Half) { Kind::Float } else { base }
}

/// Fails if the matrices do not fit into the available memory. Passes if it is unknown.
fn check_memory(targets: &[Target], kind: Kind, device: Device) -> Result<()> {
    let numel = |target: &Target| (target.r * (target.layer.inputs + target.layer.outputs)).unsigned_abs();
    let bytes = targets.iter().map(numel).sum::<u64>().saturating_mul(kind.elt_size_in_bytes() as u64);
    match available_memory(device) {
        Some(available) if bytes > available => Err(Error::LoraOption {
            option: "r",
            reason: format!(
                "needs matrices of {}, but only {} are available: lower it, or use fewer target_modules",
                format_bytes(bytes),
                format_bytes(available)
            ),
        }),
        _ => Ok(()),
    }
}

impl CausalLm for LoraModel {
    fn hidden(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
        cache: Option<&mut KvCache>,
    ) -> Result<Tensor> {
        self.model.hidden(input_ids, position_ids, attention, cache)
    }

    fn hidden_states(
        &self,
        input_ids: &Tensor,
        position_ids: Option<&Tensor>,
        attention: &Attention,
    ) -> Result<Vec<Tensor>> {
        self.model.hidden_states(input_ids, position_ids, attention)
    }

    fn supports_shared_tokens(&self) -> bool {
        self.model.supports_shared_tokens()
    }

    fn head(&self) -> &Tensor {
        self.model.head()
    }

    fn logit_softcap(&self) -> Option<f64> {
        self.model.logit_softcap()
    }

    fn packed(&self) -> Result<Option<Box<dyn CausalLm>>> {
        self.merged()?.packed()
    }

    fn new_cache(&self, batch: i64, capacity: i64) -> KvCache {
        self.model.new_cache(batch, capacity)
    }

    fn vocab_size(&self) -> i64 {
        self.model.vocab_size()
    }

    fn max_position_embeddings(&self) -> i64 {
        self.model.max_position_embeddings()
    }

    fn eos_token_ids(&self) -> &[i64] {
        self.model.eos_token_ids()
    }

    fn bos_token_id(&self) -> Option<i64> {
        self.model.bos_token_id()
    }

    fn frozen_copy(&self) -> Result<Box<dyn CausalLm>> {
        let (full_weights, untrained) = (self.full_weights.clone(), self.untrained.shallow_clone());
        let adapter = self.adapter.detached_copy()?;
        let (base, config) = (LoraBase::new(&self.model)?, (self.config.clone(), self.base_digest.clone()));
        Ok(Box::new(Self::build(&base, config, self.targets.clone(), full_weights, adapter, untrained)?))
    }
}

impl TrainableModel for LoraModel {
    fn parameters(&self) -> &Parameters {
        &self.adapter
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        Some(&self.frozen)
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        let adapter = LoraConfig { extra: BTreeMap::new(), base_model_name_or_path: None, ..self.config.clone() };
        Ok(json!({ "base": self.model.hyper_parameters()?, "adapter": hyper_parameters(&adapter)? }))
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        self.training_memory_of(sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        self.model.set_training(training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        self.model.set_gradient_checkpointing(on)?;
        self.gradient_checkpointing = on;
        Ok(())
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        std::fs::create_dir_all(dir)
            .map_err(|e| Error::Input(format!("the folder {} cannot be created: {e}", printable_path(dir))))?;
        // The old config is removed first and the new one is written last, so that it never belongs to other weights.
        pretrained_config::remove_existing(dir, adapter_config::NAME, overwrite)?;
        adapter_file::write(dir, [&self.adapter, &self.untrained], self.base_digest.as_deref(), overwrite)?;
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
