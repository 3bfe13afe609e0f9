//! Uploading the trained model to the Hugging Face hub.

use crate::{Error, Result};
use align_models::hub::{Event, Hub, HubConfig, NameError, RepoName, UploadOptions};
use std::path::Path;

/// An upload of the trained model at the end of a run.
#[derive(Debug, Clone)]
pub struct Upload {
    repo: RepoName,
    private: bool,
}

impl Upload {
    /// An upload to the repository with this name. See [`Upload::new`].
    ///
    /// # Errors
    /// Those of [`Upload::new`], or an invalid repository name.
    pub fn from_name(repo: &str, private: bool) -> Result<Self> {
        let repo = repo
            .parse()
            .map_err(|e: NameError| Error::Config { option: "hub_model_id", reason: format!("is invalid: {e}") })?;
        Self::new(repo, private)
    }

    /// An upload to the repository `user/name`. If the repository is new, `private` makes it private.
    ///
    /// # Errors
    /// A missing token, or offline mode. They are checked here so that they are found before training.
    pub fn new(repo: RepoName, private: bool) -> Result<Self> {
        let config_error = |reason: &str| {
            let reason = format!("is {repo}, but the upload needs {reason}");
            Err(Error::Config { option: "hub_model_id", reason })
        };
        let config = HubConfig::from_env().map_err(align_models::Error::from)?;
        if config.offline {
            return config_error("a network, and HF_HUB_OFFLINE is set: unset it, or run without the upload");
        }
        if config.token.is_none() {
            return config_error("a token with write access: set HF_TOKEN, or run `hf auth login`");
        }
        Ok(Self { repo, private })
    }

    /// The repository.
    #[must_use]
    pub fn repo(&self) -> &RepoName {
        &self.repo
    }

    /// Uploads the folder of a model with its model card, and returns the URL of the commit.
    ///
    /// # Errors
    /// Errors of the hub, or a connection that fails repeatedly.
    pub fn push(&self, model: &Path, mut progress: impl FnMut(Event<'_>)) -> Result<String> {
        let mut upload = || {
            let options = UploadOptions { private: self.private.then_some(true), ..UploadOptions::default() };
            Hub::new(HubConfig::from_env()?)?.upload_folder(&self.repo, model, &options, &mut progress)
        };
        match upload() {
            Ok(commit) => Ok(commit.url),
            Err(problem) => Err(Error::Upload { model: model.to_owned(), problem: Box::new(problem) }),
        }
    }
}
