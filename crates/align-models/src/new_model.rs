//! New language models with random weights, by a config file.

use crate::auto_model::check_causal_lm;
use crate::pretrained_config::model_type;
use crate::{AutoModelForCausalLm, CausalLm, Gpt2, Gpt2Config, LlamaFamily, LlamaFamilyConfig, Result};
use std::path::Path;
use tch::{Device, Kind};

/// What the tokeniser of a new model determines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewVocabulary {
    /// Number of token ids.
    pub size: i64,
    /// The beginning-of-sequence id.
    pub bos_token_id: Option<i64>,
    /// The end-of-sequence id.
    pub eos_token_id: Option<i64>,
}

/// The config of a new model.
enum NewConfig {
    Gpt2(Box<Gpt2Config>),
    LlamaFamily(Box<LlamaFamilyConfig>),
}

impl NewConfig {
    fn read(file: &Path, vocabulary: NewVocabulary) -> Result<Self> {
        check_causal_lm(file)?;
        let NewVocabulary { size, bos_token_id, eos_token_id } = vocabulary;
        if model_type(file)? == "gpt2" {
            let config = Gpt2Config::for_new_model(file, size)?;
            let eos_token_id = eos_token_id.map(|id| vec![id]);
            return Ok(Self::Gpt2(Box::new(Gpt2Config { bos_token_id, eos_token_id, ..config })));
        }
        let config = LlamaFamilyConfig::for_new_model(file, size, [bos_token_id, eos_token_id])?;
        Ok(Self::LlamaFamily(Box::new(config)))
    }
}

impl AutoModelForCausalLm {
    /// Checks that a new model with this config file and a vocabulary of this size would fit into the available memory. The file need not
    /// have a vocabulary size.
    ///
    /// # Errors
    /// The file cannot be read or asks for something that is not supported; the weights do not fit.
    pub fn check_new_model(file: &Path, vocab_size: i64, kind: Kind, device: Device) -> Result<()> {
        let vocabulary = NewVocabulary { size: vocab_size, bos_token_id: None, eos_token_id: None };
        match NewConfig::read(file, vocabulary)? {
            NewConfig::Gpt2(config) => config.check_memory(kind, device),
            NewConfig::LlamaFamily(config) => config.check_memory(kind, device),
        }
    }

    /// Creates a model with random weights by a config file. The weights are a function of the config and the seed.
    ///
    /// # Errors
    /// Those of [`AutoModelForCausalLm::check_new_model`].
    pub fn new_random(
        file: &Path,
        vocabulary: NewVocabulary,
        seed: u64,
        kind: Kind,
        device: Device,
    ) -> Result<Box<dyn CausalLm>> {
        Ok(match NewConfig::read(file, vocabulary)? {
            NewConfig::Gpt2(config) => Box::new(Gpt2::new_random(*config, seed, kind, device)?),
            NewConfig::LlamaFamily(config) => Box::new(LlamaFamily::new_random(*config, seed, kind, device)?),
        })
    }
}
