use crate::{Hub, HubError, ModelName, Progress, Result};
use std::path::{Path, PathBuf};

/// Where a model comes from: a local folder or the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A local folder.
    Folder(PathBuf),
    /// A model on the hub.
    Hub(ModelName),
}

impl ModelSource {
    /// Parses a user's input. An existing folder takes precedence. Text that can only be a path must be an existing
    /// folder. Anything else is a name on the hub.
    ///
    /// # Errors
    ///
    /// If it is a path without a folder, or an invalid name.
    pub fn parse(text: &str) -> Result<Self> {
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        if path.exists() {
            return Err(HubError::NotAFolder { path: path.to_owned() });
        }
        if must_be_a_path(text) {
            return Err(HubError::NoSuchFolder { path: path.to_owned() });
        }
        Ok(Self::Hub(text.parse()?))
    }

    /// The model's folder. A model on the hub is downloaded into the cache first.
    ///
    /// # Errors
    ///
    /// As [`Hub::download_model`].
    pub fn fetch(&self, hub: &Hub, progress: &mut Progress<'_>) -> Result<PathBuf> {
        match self {
            Self::Folder(folder) => Ok(folder.clone()),
            Self::Hub(model) => Ok(hub.download_model(model, progress)?.folder),
        }
    }
}

fn must_be_a_path(text: &str) -> bool {
    let repo = text.split('@').next().unwrap_or(text);
    text.starts_with(['/', '.', '~']) || text.contains('\\') || text.ends_with('/') || repo.matches('/').count() > 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_folder_takes_precedence_over_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().to_str().unwrap();
        assert_eq!(ModelSource::parse(text).unwrap(), ModelSource::Folder(folder.path().to_owned()));
        // The tests run in the crate's folder.
        assert_eq!(ModelSource::parse("src").unwrap(), ModelSource::Folder("src".into()));
        for name in ["gpt2", "user/name", "user/name@refs/pr/1"] {
            assert_eq!(ModelSource::parse(name).unwrap(), ModelSource::Hub(name.parse().unwrap()));
        }
    }

    #[test]
    fn a_mistyped_path_is_not_looked_up_on_the_hub() {
        for path in ["./typo/x", "../typo", "/no/such/folder", "~/models/x", "a/b/c", "models/", "models\\x"] {
            let error = ModelSource::parse(path).unwrap_err().to_string();
            assert!(error.contains("no such folder"), "{path}: {error}");
        }
        let error = ModelSource::parse("Cargo.toml").unwrap_err().to_string();
        assert!(error.contains("not a folder"), "{error}");
        assert!(matches!(ModelSource::parse("user/na me"), Err(HubError::Name(_))));
    }
}
