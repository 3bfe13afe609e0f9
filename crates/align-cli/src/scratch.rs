//! Models that begin with random weights.

use crate::training::RunOptions;
use crate::{Failure, models, output};
use align_data::Tokenizer;
use align_train::RunFolder;
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
    /// The file of the model's options, if it is to begin with random weights.
    pub fn model_config(&self) -> Option<&Path> {
        self.model_config.as_deref()
    }

    /// The tokens that a tokeniser of the model's own is asked for.
    pub fn vocab_size(&self) -> Option<i64> {
        self.vocab_size.and_then(|size| i64::try_from(size).ok())
    }

    /// What a card calls such a model.
    pub fn called(&self) -> String {
        let file = self.model_config.as_deref().map(models::file_name).unwrap_or_default();
        format!("random weights by {file}")
    }

    /// The model's tokeniser: trained anew, or, where a run goes on, the one that was trained for it.
    pub fn tokenizer(
        &self,
        run: &RunOptions,
        folder: &RunFolder,
        train: impl FnOnce(usize) -> align_data::Result<Tokenizer>,
    ) -> Result<Tokenizer, Failure> {
        if let Some(named) = &self.tokenizer {
            return Ok(Tokenizer::from_pretrained(models::fetch(named)?)?);
        }
        let Some(vocab_size) = self.vocab_size else {
            return Err(
                "--model-config needs a tokeniser: train one with --vocab-size, or name a model's with --tokenizer"
                    .into(),
            );
        };
        let kept = folder.path().join(RunFolder::TOKENIZER);
        if run.resumes() && kept.exists() {
            return Ok(Tokenizer::from_pretrained(kept)?);
        }
        let tokenizer = train(vocab_size)?;
        folder.replace_folder(RunFolder::TOKENIZER, |dir| Ok(tokenizer.save(dir, false)?))?;
        output::println!("a tokeniser of {} tokens, trained on the texts", tokenizer.vocab_size());
        Ok(tokenizer)
    }
}
