use crate::{Hub, HubError, ModelName, Progress, Result};
use std::path::{Path, PathBuf};

/// Where a model comes from: a folder, or the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// A folder that holds it.
    Folder(PathBuf),
    /// A name on the hub.
    Hub(ModelName),
}

impl ModelSource {
    /// What a user means by `text`: an existing folder wins, what can only be a path must be one, and the rest is a name
    /// on the hub.
    ///
    /// # Errors
    ///
    /// If it is a path without a folder there, or a name that the hub could not have.
    pub fn parse(text: &str) -> Result<Self> {
        let path = Path::new(text);
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        if path.exists() {
            return Err(HubError::NotAFolder { path: path.to_owned() });
        }
        if can_only_be_a_path(text) {
            return Err(HubError::NoSuchFolder { path: path.to_owned() });
        }
        Ok(Self::Hub(text.parse()?))
    }

    /// The model's folder, downloaded into the cache if it is not there yet. A folder needs no hub.
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

fn can_only_be_a_path(text: &str) -> bool {
    let repo = text.split('@').next().unwrap_or(text);
    text.starts_with(['/', '.', '~']) || text.contains('\\') || text.ends_with('/') || repo.matches('/').count() > 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_folder_wins_and_the_rest_is_a_name() {
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
    fn a_mistyped_path_is_not_asked_of_the_hub() {
        for path in ["./typo/x", "../typo", "/no/such/folder", "~/models/x", "a/b/c", "models/", "models\\x"] {
            let error = ModelSource::parse(path).unwrap_err().to_string();
            assert!(error.contains("no such folder"), "{path}: {error}");
        }
        let error = ModelSource::parse("Cargo.toml").unwrap_err().to_string();
        assert!(error.contains("not a folder"), "{error}");
        assert!(matches!(ModelSource::parse("user/na me"), Err(HubError::Name(_))));
    }
}
