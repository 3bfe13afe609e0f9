use crate::checkpoint::Checkpoint;
use crate::{Error, Parameters, Result, TrainingMemory};
use std::path::Path;

/// What a trainer needs of a model, whatever it computes.
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
    /// included. Off after loading; a pass with a cache is as it was.
    ///
    /// # Errors
    /// A model that cannot do so.
    fn set_gradient_checkpointing(&mut self, on: bool) -> Result<()> {
        match on {
            true => {
                Err(Error::Input("the model cannot compute its layers again: leave gradient checkpointing off".into()))
            }
            false => Ok(()),
        }
    }

    /// Writes `config.json` and `model.safetensors` into `dir`, as transformers reads them; of a model with an adapter, the
    /// adapter alone, as PEFT reads it.
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
