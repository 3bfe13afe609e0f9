//! Weights of a new model.

use super::config::POSITIONS;
use super::positions::sinusoidal;
use super::{DistilBert, DistilBertConfig};
use crate::random_weights::{Init, check_memory, initializer_range, random_weights, set_model_type};
use crate::{Error, Parameters, Result};
use tch::{Device, Kind, Tensor};

impl DistilBert {
    /// A new model with random weights, as transformers draws them: normal with the config's `initializer_range` (0.02 unless it
    /// names one), the padding token's embedding and biases 0, layer norms 1, sinusoidal positions where the config asks for them.
    ///
    /// The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// A config that describes no DistilBERT, or one whose weights do not fit into memory; see [`DistilBertConfig::check_memory`].
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
    /// Whether a new model's weights fit into the memory that is left on `device`; what is not known fits.
    ///
    /// # Errors
    /// Where they do not; the error names the sizes.
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

/// Those of a new model's weights whose names are `wanted`.
pub(super) fn random_weights_where(
    config: &DistilBertConfig,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
    at: (Kind, Device),
) -> Result<Vec<(String, Tensor)>> {
    let std = initializer_range(&config.extra);
    let init = |name: &str| match name {
        _ if name.ends_with(".bias") => Init::Zeros,
        _ if name.ends_with("LayerNorm.weight") || name.ends_with("layer_norm.weight") => Init::Ones,
        POSITIONS if config.sinusoidal_pos_embds() => Init::Zeros,
        _ => Init::Normal(std),
    };
    random_weights(&config.layout(), seed, wanted, init, at)
}
