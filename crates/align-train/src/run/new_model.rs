//! A model that begins with random weights, and its tokeniser.

use super::{Placement, RunModel};
use crate::{Result, RunFolder};
use align_data::Tokenizer;
use align_models::ModelResolver;
use std::path::PathBuf;

/// A model to be made by a config, with random weights. The vocabulary's size and the special tokens' ids are those of its tokeniser.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// A file like transformers' `config.json`.
    pub config: PathBuf,
    /// Where its tokeniser comes from.
    pub tokenizer: NewTokenizer,
}

/// The tokeniser of a new model.
#[derive(Debug, Clone)]
pub enum NewTokenizer {
    /// One that is trained on the run's training texts, with at most this many tokens. It is kept in the run folder.
    Trained {
        /// Tokens.
        vocab_size: usize,
    },
    /// That of another model: a folder, or a name on the hub.
    Of(String),
}

impl NewModel {
    pub(super) fn display_name(&self) -> String {
        let file = self.config.file_name().unwrap_or(self.config.as_os_str());
        format!("random weights by {}", file.to_string_lossy())
    }

    /// Makes the model and the tokeniser. `texts` are what a tokeniser is trained on; that of a resumed run is there already.
    pub(super) fn make<M: RunModel>(
        &self,
        texts: impl FnOnce() -> Vec<String>,
        folder: &RunFolder,
        resumes: bool,
        at: (&Placement, &mut ModelResolver),
    ) -> Result<(M, Tokenizer)> {
        let (placement, resolver) = at;
        let vocab_size = match &self.tokenizer {
            NewTokenizer::Trained { vocab_size } => i64::try_from(*vocab_size).ok(),
            NewTokenizer::Of(_) => None,
        };
        // Known before a tokeniser is trained.
        M::check_new(&self.config, vocab_size, placement)?;
        let kept = folder.path().join(RunFolder::TOKENIZER);
        let tokenizer = match &self.tokenizer {
            NewTokenizer::Of(name) => Tokenizer::from_pretrained(resolver.folder(name)?)?,
            NewTokenizer::Trained { .. } if resumes && kept.exists() => Tokenizer::from_pretrained(kept)?,
            NewTokenizer::Trained { vocab_size } => {
                let tokenizer = M::train_tokenizer(&texts(), *vocab_size)?;
                folder.replace_folder(RunFolder::TOKENIZER, |dir| Ok(tokenizer.save(dir, false)?))?;
                tokenizer
            }
        };
        Ok((M::new_random(&self.config, &tokenizer, placement)?, tokenizer))
    }
}
