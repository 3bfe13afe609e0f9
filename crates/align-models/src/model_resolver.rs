//! A model by its name: a folder in transformers' layout, or a repository on the Hugging Face hub.

use crate::{LoraConfig, Result};
use std::fmt;
use std::path::{Path, PathBuf};

/// What hears of a download's steps.
#[cfg(feature = "hub")]
type OnEvent = Box<dyn FnMut(align_hub::Event<'_>)>;

/// Finds the folder of a model by its name, `path/to/folder` or `user/name[@revision]`.
///
/// An existing folder wins; what is no folder is a name on the hub, whose files are downloaded into the cache where they are not there
/// yet. Without the feature `hub` only folders are found.
///
/// ```
/// use align_models::ModelResolver;
///
/// # fn main() -> align_models::Result<()> {
/// # let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/gpt2-imdb-4m");
/// let found = ModelResolver::default().folder(folder)?;
/// assert!(found.join("config.json").exists());
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ModelResolver {
    #[cfg(feature = "hub")]
    progress: Option<OnEvent>,
}

impl ModelResolver {
    /// The same, with `progress` called at each step of a download.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn with_progress(progress: impl FnMut(align_hub::Event<'_>) + 'static) -> Self {
        Self { progress: Some(Box::new(progress)) }
    }

    /// The folder of a model.
    ///
    /// # Errors
    /// A path without a folder, a name that the hub could not have, or a download that fails.
    #[cfg(feature = "hub")]
    pub fn folder(&mut self, name: &str) -> Result<PathBuf> {
        use align_hub::{Hub, HubConfig, ModelSource};
        let source = ModelSource::parse(name)?;
        if let ModelSource::Folder(folder) = source {
            return Ok(folder);
        }
        let hub = Hub::new(HubConfig::from_env()?)?;
        Ok(match &mut self.progress {
            Some(progress) => source.fetch(&hub, &mut **progress)?,
            None => source.fetch(&hub, &mut |_| {})?,
        })
    }

    /// The folder of a model.
    ///
    /// # Errors
    /// A path without a folder.
    #[cfg(not(feature = "hub"))]
    pub fn folder(&mut self, name: &str) -> Result<PathBuf> {
        let folder = Path::new(name);
        match folder.is_dir() {
            true => Ok(folder.to_owned()),
            false => Err(crate::Error::NoFolder { name: name.to_owned() }),
        }
    }

    /// The folder of the base model, where `folder` holds an adapter and no model of its own.
    ///
    /// # Errors
    /// As [`ModelResolver::folder`], and an adapter that names no base model.
    pub fn base_of_adapter(&mut self, folder: &Path) -> Result<Option<PathBuf>> {
        LoraConfig::base_of_adapter(folder)?.map(|base| self.folder(&base)).transpose()
    }

    /// The folder that has the tokeniser of the model in `folder`: this one, or where it holds an adapter alone and no tokeniser, its base
    /// model's.
    ///
    /// # Errors
    /// As [`ModelResolver::base_of_adapter`].
    pub fn tokenizer_folder(&mut self, folder: &Path) -> Result<PathBuf> {
        let own = ["tokenizer.json", "vocab.json", "vocab.txt"].iter().any(|name| folder.join(name).exists());
        let base = if own { None } else { self.base_of_adapter(folder)? };
        Ok(base.unwrap_or_else(|| folder.to_owned()))
    }

    /// The folder that a name stands for, where it names none on the hub.
    #[must_use]
    pub fn local(name: &str) -> Option<PathBuf> {
        Some(PathBuf::from(name)).filter(|folder| folder.is_dir())
    }

    /// What a model card calls a model: its name on the hub, or the last part of its folder's path.
    #[must_use]
    pub fn display_name(name: &str) -> String {
        let folder = Self::local(name);
        let last = folder.as_deref().and_then(Path::file_name);
        last.map_or_else(|| name.to_owned(), |last| last.to_string_lossy().into_owned())
    }

    /// The repository on the hub that a name stands for, without its revision; none for a folder.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn hub_id(name: &str) -> Option<String> {
        match align_hub::ModelSource::parse(name) {
            Ok(align_hub::ModelSource::Hub(model)) => Some(model.repo().to_string()),
            _ => None,
        }
    }

    /// The repository on the hub that a name stands for: none, without the feature `hub`.
    #[cfg(not(feature = "hub"))]
    #[must_use]
    pub fn hub_id(_: &str) -> Option<String> {
        None
    }
}

impl fmt::Debug for ModelResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelResolver").finish_non_exhaustive()
    }
}
