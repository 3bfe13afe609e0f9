//! Resolves the name of a model: a local folder, a GGUF file, or a repository on the Hugging Face hub.

use crate::error::MODEL_OF_RUN;
use crate::{Error, LoraConfig, Result};
use align_gguf::GgufFile;
use std::fmt;
use std::path::{Path, PathBuf};

/// Callback for the progress of a download.
#[cfg(feature = "hub")]
type OnEvent = Box<dyn FnMut(align_hub::Event<'_>)>;

/// Finds the folder of a model by its name, `path/to/folder` or `user/name[@revision]`.
///
/// An existing folder or GGUF file takes precedence; a GGUF file is used like a folder. Any other name is a repository on the hub, whose
/// files are downloaded into the cache unless they are there already. Without the feature `hub` only folders are found.
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
    bundled: Option<fn(&str) -> Option<PathBuf>>,
    #[cfg(feature = "hub")]
    progress: Option<OnEvent>,
}

impl ModelResolver {
    /// A resolver that calls `progress` for each event of a download.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn with_progress(progress: impl FnMut(align_hub::Event<'_>) + 'static) -> Self {
        Self { bundled: None, progress: Some(Box::new(progress)) }
    }

    /// Sets the function that finds the folder of a bundled model by its name after [`BUNDLED`](Self::BUNDLED).
    #[must_use]
    pub fn with_bundled(mut self, bundled: fn(&str) -> Option<PathBuf>) -> Self {
        self.bundled = Some(bundled);
        self
    }

    /// The start of the names of models that a program brings along. An adapter of such a model records this name, since the folder of the
    /// model belongs to the program.
    pub const BUNDLED: &'static str = "align-bundled/";

    /// The folder of a bundled model; `None` if the name is not one.
    fn bundled(&self, name: &str) -> Result<Option<PathBuf>> {
        let Some(own) = name.strip_prefix(Self::BUNDLED) else { return Ok(None) };
        match self.bundled.and_then(|bundled| bundled(own)) {
            Some(folder) => Ok(Some(folder)),
            None => Err(Error::Bundled { name: name.to_owned() }),
        }
    }

    /// The folder of a model, downloaded if necessary.
    ///
    /// # Errors
    /// The path has no folder, it is the folder of a run, the name is not valid on the hub, or the download fails.
    #[cfg(feature = "hub")]
    pub fn folder(&mut self, name: &str) -> Result<PathBuf> {
        use align_hub::{Hub, HubConfig, HubError, ModelSource};
        if let Some(folder) = self.bundled(name)? {
            return Ok(folder);
        }
        if let Some(file) = Self::gguf_file(name)? {
            return Ok(file);
        }
        let source = ModelSource::parse(name)?;
        if let ModelSource::Folder(folder) = source {
            Self::refuse_run_folder(&folder)?;
            return Ok(folder);
        }
        let hub = Hub::new(HubConfig::from_env()?)?;
        let found = match &mut self.progress {
            Some(progress) => source.fetch(&hub, &mut **progress),
            None => source.fetch(&hub, &mut |_| {}),
        };
        found.map_err(|problem| match problem {
            HubError::RepoNotFound { .. } | HubError::Unreachable { .. } | HubError::NotCached { .. } => {
                Error::NotFound { name: name.to_owned(), problem: Box::new(problem) }
            }
            other => other.into(),
        })
    }

    /// The folder of a model.
    ///
    /// # Errors
    /// The folder does not exist, or it is the folder of a run.
    #[cfg(not(feature = "hub"))]
    pub fn folder(&mut self, name: &str) -> Result<PathBuf> {
        if let Some(folder) = self.bundled(name)? {
            return Ok(folder);
        }
        if let Some(file) = Self::gguf_file(name)? {
            return Ok(file);
        }
        let folder = Path::new(name);
        if !folder.is_dir() {
            return Err(Error::NoFolder { name: name.to_owned() });
        }
        Self::refuse_run_folder(folder)?;
        Ok(folder.to_owned())
    }

    /// The GGUF file of this name; `None` if the name is not one of a GGUF file.
    fn gguf_file(name: &str) -> Result<Option<PathBuf>> {
        let path = Path::new(name);
        match GgufFile::is_gguf(path) {
            true => Ok(Some(path.to_owned())),
            false if GgufFile::has_extension(path) => {
                Err(Error::Config { path: path.to_owned(), reason: "there is no such file".into() })
            }
            false => Ok(None),
        }
    }

    /// Rejects the folder of a training run, which holds the model in a folder of its own.
    ///
    /// # Errors
    /// [`Error::RunFolder`].
    pub fn refuse_run_folder(folder: &Path) -> Result<()> {
        let has_model =
            |folder: &Path| ["config.json", "adapter_config.json"].iter().any(|name| folder.join(name).exists());
        match !has_model(folder) && has_model(&folder.join(MODEL_OF_RUN)) {
            true => Err(Error::RunFolder { folder: folder.to_owned() }),
            false => Ok(()),
        }
    }

    /// The folder of the base model if `folder` holds only an adapter, else `None`.
    ///
    /// # Errors
    /// The errors of [`ModelResolver::folder`]; the adapter does not name its base model.
    pub fn base_of_adapter(&mut self, folder: &Path) -> Result<Option<PathBuf>> {
        LoraConfig::base_of_adapter(folder)?.map(|base| self.folder(&base)).transpose()
    }

    /// The folder with the tokeniser of the model in `folder`: the folder itself, or that of the base model if `folder` holds only an
    /// adapter and no tokeniser.
    ///
    /// # Errors
    /// The errors of [`ModelResolver::base_of_adapter`].
    pub fn tokenizer_folder(&mut self, folder: &Path) -> Result<PathBuf> {
        let own = ["tokenizer.json", "vocab.json", "vocab.txt"].iter().any(|name| folder.join(name).exists());
        let base = if own { None } else { self.base_of_adapter(folder)? };
        Ok(base.unwrap_or_else(|| folder.to_owned()))
    }

    /// The local folder or GGUF file of this name, if it exists.
    #[must_use]
    pub fn local_folder(name: &str) -> Option<PathBuf> {
        Some(PathBuf::from(name)).filter(|path| path.is_dir() || GgufFile::is_gguf(path))
    }

    /// The name for a model card: the name on the hub, or the name of the folder without its path.
    #[must_use]
    pub fn display_name(name: &str) -> String {
        let folder = Self::local_folder(name);
        let last = folder.as_deref().and_then(Path::file_name);
        last.map_or_else(|| name.to_owned(), |last| last.to_string_lossy().into_owned())
    }

    /// The repository id on the hub, without the revision; `None` for a folder.
    #[cfg(feature = "hub")]
    #[must_use]
    pub fn hub_id(name: &str) -> Option<String> {
        match align_hub::ModelSource::parse(name) {
            Ok(align_hub::ModelSource::Hub(model)) if !name.starts_with(Self::BUNDLED) => {
                Some(model.repo().to_string())
            }
            _ => None,
        }
    }

    /// The repository id on the hub: always `None` without the feature `hub`.
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
