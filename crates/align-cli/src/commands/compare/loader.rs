//! Loads the compared models.

use super::options::Options;
use crate::usage::UsageError;
use crate::{Failure, models};
use align_data::{DifferentToken, Tokenizer};
use align_frontier::{LoadResult, LoadedEmbedder};
use align_models::{AutoModelForCausalLm, CausalLm};
use std::path::{Path, PathBuf};
use tch::Device;

/// Loads models by their indices.
pub struct Loader<'a> {
    pub folders: &'a [PathBuf],
    pub options: &'a Options,
    pub device: Device,
}

impl Loader<'_> {
    pub fn load(&self, index: usize) -> LoadResult<Box<dyn CausalLm>> {
        self.load_folder(self.folders.get(index).map_or(Path::new(""), PathBuf::as_path))
    }

    fn load_folder(&self, folder: &Path) -> LoadResult<Box<dyn CausalLm>> {
        let (kind, device) = (self.options.runtime.dtype, self.device);
        Ok(AutoModelForCausalLm::from_pretrained_with(folder, &mut models::resolver(), kind, device)?)
    }

    /// The tokeniser of all models, and the longest text that they take.
    pub fn common_tokenizer(&self) -> Result<(Tokenizer, usize), Failure> {
        for (folder, name) in self.folders.iter().zip(&self.options.models) {
            models::refuse_classifier(name, folder)?;
        }
        let model = self.load(0).map_err(|e| -> Failure { e })?;
        let longest = usize::try_from(model.max_position_embeddings()).unwrap_or(usize::MAX);
        let mut common: Option<Tokenizer> = None;
        for (folder, name) in self.folders.iter().zip(&self.options.models) {
            let Some(first) = &common else {
                common = Some(models::tokenizer(folder, model.vocab_size()).map_err(|e| format!("{name}: {e}"))?);
                continue;
            };
            let tokenizer = Tokenizer::from_pretrained(models::resolver().tokenizer_folder(folder)?)?;
            if let Some(DifferentToken { id, tokens: [expected, found], .. }) = first.different_token(&tokenizer) {
                return Err(format!(
                    "{name} has another tokeniser than the first model: token {id} is {found:?} instead of {expected:?}: compare models \
                     of one tokeniser"
                )
                .into());
            }
        }
        let tokenizer = common.ok_or_else(|| UsageError::new("no model is given"))?;
        Ok((tokenizer, longest))
    }

    /// The model that embeds texts, with its tokeniser.
    pub fn embedder(&self) -> LoadResult<LoadedEmbedder> {
        let name = self.options.embedder.as_ref().or(self.options.models.first());
        let folder = models::resolver().folder(name.map_or("", String::as_str))?;
        let model = self.load_folder(&folder)?;
        let tokenizer = Tokenizer::from_pretrained(models::resolver().tokenizer_folder(&folder)?)?;
        let tokenizer = tokenizer.for_embeddings(model.vocab_size())?;
        Ok((model.packed()?.unwrap_or(model), tokenizer))
    }
}
