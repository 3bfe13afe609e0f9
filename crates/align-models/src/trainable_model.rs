use crate::checkpoint::Checkpoint;
use crate::{CausalLm, Error, Parameters, Result, TrainingMemory};
use std::path::Path;

/// What a trainer needs of a model, whatever it computes. Every [`CausalLm`] is one.
pub trait TrainableModel {
    /// The named weights, in the checkpoint's order: those of the adapter alone, where the model has one.
    fn parameters(&self) -> &Parameters;

    /// The weights that stand still under an adapter; `None` where there is no adapter.
    fn frozen_parameters(&self) -> Option<&Parameters> {
        None
    }

    /// The fields of the config by which the model computes and is trained (its layers, heads, scalings and dropouts; of an adapter its
    /// rank, scaling and targets), as JSON. With the weights they are the model's [identity](crate::ModelIdentity).
    ///
    /// # Errors
    /// A config that JSON cannot hold.
    fn hyper_parameters(&self) -> Result<serde_json::Value>;

    /// What a pass over `sequences` sequences of `length` tokens needs in training; `None` where that is not known.
    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        let _ = (sequences, length);
        None
    }

    /// Turns dropout on (`true`) or off (`false`, as after loading).
    fn set_training(&mut self, training: bool);

    /// Whether a pass with a graph keeps of each layer its input alone, and the backward pass computes the layer again (gradient
    /// checkpointing, arXiv:1604.06174): less memory for about a third more arithmetic, with the same gradient to the last bit, dropout
    /// included. Off after loading.
    ///
    /// # Errors
    /// A model that cannot do so.
    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        if on { Err(no_gradient_checkpointing()) } else { Ok(()) }
    }

    /// Writes `config.json` and `model.safetensors` into `dir`, as transformers reads them.
    ///
    /// # Errors
    /// A file that exists already, unless `overwrite`, or a folder that cannot be written.
    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()>;

    /// Opens the weights that [`TrainableModel::save_pretrained`] wrote into `dir`, under the names of
    /// [`TrainableModel::parameters`].
    ///
    /// # Errors
    /// Files that are missing or damaged, or those of a model of another kind.
    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        Ok(Checkpoint::open(dir)?)
    }
}

pub(crate) fn no_gradient_checkpointing() -> Error {
    Error::Input("the model cannot compute its layers again: leave gradient checkpointing off".into())
}

impl<M: CausalLm> TrainableModel for M {
    fn parameters(&self) -> &Parameters {
        CausalLm::parameters(self)
    }

    fn frozen_parameters(&self) -> Option<&Parameters> {
        CausalLm::frozen_parameters(self)
    }

    fn hyper_parameters(&self) -> Result<serde_json::Value> {
        CausalLm::hyper_parameters(self)
    }

    fn training_memory(&self, sequences: u64, length: u64) -> Option<TrainingMemory> {
        CausalLm::training_memory(self, sequences, length)
    }

    fn set_training(&mut self, training: bool) {
        CausalLm::set_training(self, training);
    }

    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        CausalLm::set_gradient_checkpointing(self, on)
    }

    fn save_pretrained(&self, dir: &Path, overwrite: bool) -> Result<()> {
        CausalLm::save_pretrained(self, dir, overwrite)
    }

    fn open_saved(&self, dir: &Path) -> Result<Checkpoint> {
        CausalLm::open_saved(self, dir)
    }
}
