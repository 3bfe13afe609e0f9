//! Models that begin with random weights.

use crate::Failure;
use align_train::run::{NewModel, NewTokenizer};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What a model without a past is made of.
#[derive(clap::Args, Serialize)]
pub struct ScratchOptions {
    /// Begin with random weights, in place of --model: a file like transformers' config.json. The vocabulary's size and the special
    /// tokens' ids are those of the tokeniser.
    #[arg(long, conflicts_with = "model")]
    model_config: Option<PathBuf>,
    /// Train a tokeniser of this many tokens on the training texts; with --model-config.
    #[arg(long, requires = "model_config", conflicts_with_all = ["model", "tokenizer"])]
    vocab_size: Option<usize>,
    /// Take the tokeniser of this model, a folder or a name on the hub; with --model-config.
    #[arg(long, requires = "model_config", conflicts_with = "model")]
    tokenizer: Option<String>,
}

impl ScratchOptions {
    /// The model to be made, if one is asked for.
    pub fn new_model(&self) -> Result<Option<NewModel>, Failure> {
        let Some(config) = self.model_config.clone() else { return Ok(None) };
        let tokenizer = match (&self.tokenizer, self.vocab_size) {
            (Some(name), _) => NewTokenizer::Of(name.clone()),
            (None, Some(vocab_size)) => NewTokenizer::Trained { vocab_size },
            (None, None) => {
                return Err(
                    "--model-config needs a tokeniser: train one with --vocab-size, or name a model's with --tokenizer"
                        .into(),
                );
            }
        };
        Ok(Some(NewModel { config, tokenizer }))
    }

    /// The file of the model's options, if it is to begin with random weights.
    pub fn model_config(&self) -> Option<&Path> {
        self.model_config.as_deref()
    }
}
