//! Options for training a new model from random weights.

use crate::Failure;
use align_train::run::{NewModel, NewTokenizer};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The configuration and tokeniser of a new model.
#[derive(clap::Args, Serialize)]
pub struct NewModelOptions {
    /// Train a new model with random weights instead of --model: a config.json as transformers writes it. The vocabulary size and the
    /// ids of special tokens are taken from the tokeniser.
    #[arg(long, conflicts_with = "model")]
    model_config: Option<PathBuf>,
    /// With --model-config: train a tokeniser with this vocabulary size on the training texts.
    #[arg(long, requires = "model_config", conflicts_with_all = ["model", "tokenizer"])]
    vocab_size: Option<usize>,
    /// With --model-config: use the tokeniser of this model (a folder or a hub name).
    #[arg(long, requires = "model_config", conflicts_with = "model")]
    tokenizer: Option<String>,
}

impl NewModelOptions {
    /// The new model, if --model-config is given.
    pub fn new_model(&self) -> Result<Option<NewModel>, Failure> {
        let Some(config) = self.model_config.clone() else { return Ok(None) };
        let tokenizer = match (&self.tokenizer, self.vocab_size) {
            (Some(name), _) => NewTokenizer::Pretrained(name.clone()),
            (None, Some(vocab_size)) => NewTokenizer::Trained { vocab_size },
            (None, None) => {
                return Err(
                    "--model-config needs a tokeniser: train one with --vocab-size, or take a model's with --tokenizer"
                        .into(),
                );
            }
        };
        Ok(Some(NewModel { config, tokenizer }))
    }

    /// The file given by --model-config.
    pub fn model_config(&self) -> Option<&Path> {
        self.model_config.as_deref()
    }
}
