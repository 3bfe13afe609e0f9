//! The trained model on its way to the Hugging Face hub.

use crate::{Error, Result};
use align_models::hub::{Event, Hub, HubConfig, NameError, RepoName, UploadOptions};
use std::path::Path;

/// An upload that waits for a run's end.
#[derive(Debug, Clone)]
pub struct Upload {
    repo: RepoName,
    private: bool,
}

impl Upload {
    /// The same to a repository by its name.
    ///
    /// # Errors
    /// As [`Upload::new`], and a name that the hub could not have.
    pub fn by_name(repo: &str, private: bool) -> Result<Self> {
        let repo =
            repo.parse().map_err(|e: NameError| Error::Config { option: "hub_model_id", reason: e.to_string() })?;
        Self::new(repo, private)
    }

    /// To the repository `user/name`; where it is new, `private` makes it a private one.
    ///
    /// # Errors
    /// A missing token or network, before hours of work for it.
    pub fn new(repo: RepoName, private: bool) -> Result<Self> {
        let refuse = |reason: &str| {
            let reason = format!("the upload to {repo} {reason}");
            Err(Error::Config { option: "push_to_hub", reason })
        };
        let config = HubConfig::from_env().map_err(align_models::Error::from)?;
        if config.offline {
            return refuse("needs a network, and HF_HUB_OFFLINE is set: unset it, or do without push_to_hub");
        }
        if config.token.is_none() {
            return refuse("needs a token that may write: set HF_TOKEN, or run `hf auth login`");
        }
        Ok(Self { repo, private })
    }

    /// The repository.
    #[must_use]
    pub fn repo(&self) -> &RepoName {
        &self.repo
    }

    /// Uploads a model's folder with its card, and gives the commit's page.
    ///
    /// # Errors
    /// What the hub refuses, or a connection that fails again and again.
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
