//! A new model with random weights, and its tokeniser.

use super::{Placement, RunModel};
use crate::{Result, RunFolder};
use align_data::Tokenizer;
use align_models::ModelResolver;
use std::path::{Path, PathBuf};

/// A new model with random weights. Its tokeniser determines the size of the vocabulary and the ids of special tokens.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// A config file in the format of transformers' `config.json`.
    pub config: PathBuf,
    /// The tokeniser of the model.
    pub tokenizer: NewTokenizer,
}

/// The tokeniser of a new model.
#[derive(Debug, Clone)]
pub enum NewTokenizer {
    /// A new tokeniser, trained on the training texts of the run. It is saved in the run folder.
    Trained {
        /// The maximum number of tokens.
        vocab_size: usize,
    },
    /// The tokeniser of another model: a folder, or a name on the hub.
    Pretrained(String),
}

impl NewModel {
    pub(super) fn display_name(&self) -> String {
        let file = self.config.file_name().unwrap_or(self.config.as_os_str());
        format!("random weights by {}", file.to_string_lossy())
    }

    /// Creates the model and the tokeniser. `texts` returns the texts for training a tokeniser. A resumed run reuses its saved tokeniser.
    /// `folder` is the open folder `output_dir` in the process that writes.
    pub(super) fn create<M: RunModel>(
        &self,
        texts: impl FnOnce() -> Vec<String>,
        (output_dir, folder, resumes): (&Path, Option<&RunFolder>, bool),
        (placement, resolver): (&Placement, &mut ModelResolver),
    ) -> Result<(M, Tokenizer)> {
        let check = |vocab_size: usize| {
            M::check_new_model(&self.config, i64::try_from(vocab_size).unwrap_or(i64::MAX), placement)
        };
        let saved = output_dir.join(RunFolder::TOKENIZER);
        let tokenizer = match &self.tokenizer {
            NewTokenizer::Pretrained(name) => {
                let tokenizer = Tokenizer::from_pretrained(resolver.folder(name)?)?;
                check(tokenizer.embeddings_needed())?;
                tokenizer
            }
            NewTokenizer::Trained { vocab_size } => {
                // Training a tokeniser takes time, so the memory is checked before it.
                check(*vocab_size)?;
                if resumes && saved.exists() {
                    Tokenizer::from_pretrained(saved)?
                } else {
                    let tokenizer = M::train_tokenizer(&texts(), *vocab_size)?;
                    if let Some(folder) = folder {
                        folder.replace_folder(RunFolder::TOKENIZER, |dir| Ok(tokenizer.save(dir, false)?))?;
                    }
                    tokenizer
                }
            }
        };
        Ok((M::new_random(&self.config, &tokenizer, placement)?, tokenizer))
    }
}
