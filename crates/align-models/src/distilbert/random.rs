//! Random initialisation of DistilBERT.

use super::config::POSITIONS;
use super::positions::sinusoidal;
use super::{DistilBert, DistilBertConfig};
use crate::random_weights::{Init, check_memory, initializer_range, random_weights, set_model_type};
use crate::{Error, Parameters, Result};
use tch::{Device, Kind, Tensor};

impl DistilBert {
    /// Creates a model with random weights, initialised as in transformers: normal with the config's `initializer_range` (default 0.02);
    /// biases and the embedding of the padding token are 0, and layer norm weights 1; position embeddings are sinusoidal if the config says
    /// so.
    ///
    /// The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// The config is invalid, or the weights do not fit into memory; see [`DistilBertConfig::check_memory`].
    pub fn new_random(mut config: DistilBertConfig, seed: u64, kind: Kind, device: Device) -> Result<Self> {
        config.validate().map_err(|reason| Error::Input(format!("the config: {reason}")))?;
        config.check_memory(kind, device)?;
        set_model_type(&mut config.extra, "distilbert", "DistilBertForSequenceClassification");
        let vocab = config.vocab_size;
        if let Some(pad) = config.pad_token_id.filter(|pad| !(0..vocab).contains(pad)) {
            return Err(Error::Input(format!(
                "the config: pad_token_id is {pad}, outside the vocabulary of {vocab} ids"
            )));
        }
        let weights = random_weights_where(&config, seed, |_| true, (kind, device))?;
        let model = Self::from_parameters(config, Parameters::new(weights))?;
        if let Some(pad) = model.config.pad_token_id {
            let _ = model.word_embeddings.f_select(0, pad)?.f_zero_()?;
        }
        if model.config.sinusoidal_pos_embds() {
            let positions = sinusoidal(model.config.max_position_embeddings, model.config.dim)?;
            model.position_embeddings.shallow_clone().f_copy_(&positions)?;
        }
        Ok(model)
    }
}

impl DistilBertConfig {
    /// Checks that the weights of a new model fit into the available memory of `device`. Passes if it is unknown.
    ///
    /// # Errors
    /// They do not fit; the error names the sizes.
    pub fn check_memory(&self, kind: Kind, device: Device) -> Result<()> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("dim", self.dim),
            ("hidden_dim", self.hidden_dim),
            ("n_layers", self.n_layers),
        ];
        check_memory(&self.layout(), &sizes, kind, device)
    }
}

/// Initialises the weights whose names are `wanted`.
pub(super) fn random_weights_where(
    config: &DistilBertConfig,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
    at: (Kind, Device),
) -> Result<Vec<(String, Tensor)>> {
    let std = initializer_range(config.extra.get("initializer_range"));
    let init = |name: &str| match name {
        _ if name.ends_with(".bias") => Init::Zeros,
        _ if name.ends_with("LayerNorm.weight") || name.ends_with("layer_norm.weight") => Init::Ones,
        POSITIONS if config.sinusoidal_pos_embds() => Init::Zeros,
        _ => Init::Normal(std),
    };
    random_weights(&config.layout(), seed, wanted, init, at)
}
