mod commit;
mod files;
mod lfs;
mod multipart;
mod part;
mod preupload;
mod put;
mod repository;
mod service;

use crate::http::Http;
use crate::name::DEFAULT_REVISION;
use crate::{HubConfig, HubError, Progress, RepoName, Result};
use files::LocalFile;
use service::Service;
use std::path::Path;

/// What is said of a file that is not what it was when its checksum was taken.
const CHANGED: &str = "changed while it was uploaded: try again";

/// How to upload.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// The branch that gets the commit; it must exist, unless it is `main`.
    pub revision: String,
    /// The commit's message, of which the first line is its title.
    pub message: String,
    /// Whether a repository that is created is private; `None` leaves it to the account's settings.
    pub private: Option<bool>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self { revision: DEFAULT_REVISION.to_owned(), message: "Upload a model with align".to_owned(), private: None }
    }
}

/// A commit that was made on the hub, or the last one where nothing had changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Its hash.
    pub oid: String,
    /// Its page.
    pub url: String,
}

/// How a file goes into the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Inside the request that makes the commit.
    Regular,
    /// Through large file storage, by its checksum.
    Lfs,
}

/// A file that has to go into the commit.
struct Addition {
    file: LocalFile,
    way: Way,
    /// The checksum that the way asks for: git's or SHA-256.
    oid: String,
}

pub(crate) fn folder(
    http: &Http,
    config: &HubConfig,
    repo: &RepoName,
    folder: &Path,
    options: &UploadOptions,
    progress: &mut Progress<'_>,
) -> Result<Commit> {
    let refused = |reason: &str| HubError::Upload { repo: repo.to_string(), reason: reason.to_owned() };
    if config.offline {
        return Err(refused("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it"));
    }
    if !http.has_token() {
        return Err(refused("there is no token: set HF_TOKEN to one that may write, or run `hf auth login`"));
    }
    repo.clone().at(&options.revision)?;
    let files = files::of_folder(folder)?;
    let service = Service { http, config, repo: repository::owned(http, config, repo)?, revision: &options.revision };
    let service = repository::ensure(service, options.private)?;
    let additions = preupload::additions(&service, files)?;
    if additions.is_empty() {
        tracing::info!("`{}` already has all that is in {}", service.repo, folder.display());
        return service.last_commit();
    }
    lfs::send(&service, &additions, progress)?;
    commit::make(&service, &additions, &options.message)
}
