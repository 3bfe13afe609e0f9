use crate::checkpoint::Checkpoint;
use crate::{Error, Parameters, Result, TrainingMemory};
use std::path::Path;

/// The interface of a model that a trainer needs.
pub trait TrainableModel {
    /// The trainable weights with their names, in the order of the checkpoint. With an adapter, only those of the adapter.
    fn parameters(&self) -> &Parameters;

    /// The frozen weights of the base model under an adapter; `None` without an adapter.
    fn frozen_parameters(&self) -> Option<&Parameters> {
        None
    }

    /// The fields of the config that affect the model's outputs or its training, as JSON: layers, heads, scalings and dropouts, and the
    /// rank, scaling and targets of an adapter. Together with the weights they are the model's [identity](crate::ModelIdentity).
    ///
    /// # Errors
    /// The config cannot be serialised to JSON.
    fn hyper_parameters(&self) -> Result<serde_json::Value>;

    /// The model's `config.json`, without the dtype of the weights.
    ///
    /// # Errors
    /// The model has none of its own, such as an adapter; the config cannot be serialised to JSON.
    fn config_json(&self) -> Result<serde_json::Value> {
        Err(Error::Input("the model has no config of its own: if it has an adapter, merge it first".into()))
    }

    /// The memory that a training step on `sequences` sequences of `length` tokens needs; `None` if unknown.
    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let _ = (sequences, length);
        None
    }

    /// Turns dropout on (`true`) or off (`false`, as after loading).
    fn set_training(&mut self, training: bool);

    /// Turns gradient checkpointing (arXiv:1604.06174) on or off. It is off after loading.
    ///
    /// The forward pass then saves only the input of each layer, and the backward pass computes the layer again. This needs less memory
    /// and about a third more computation. The gradients are bit-identical, also with dropout. Passes with a cache are not affected.
    ///
    /// # Errors
    /// The model does not support it.
    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        match on {
            true => Err(Error::Input("the model does not support gradient checkpointing: turn it off".into())),
            false => Ok(()),
        }
    }

    /// Writes `config.json` and `model.safetensors` into `dir` in the format of transformers. With an adapter, writes only the adapter in
    /// the format of PEFT.
    ///
    /// # Errors
    /// A file exists already and `overwrite` is false, or the folder cannot be written.
    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()>;

    /// Opens the weights that [`TrainableModel::save_pretrained`] wrote into `dir`. They have the names of
    /// [`TrainableModel::parameters`].
    ///
    /// # Errors
    /// Files that are missing or damaged, or belong to a different model.
    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        Ok(Checkpoint::open(dir)?)
    }
}
