use super::service::Service;
use super::{Commit, UploadOptions, commit, files, lfs, preupload, repository};
use crate::http::Http;
use crate::{HubConfig, HubError, Progress, RepoName, Result};
use std::path::Path;

/// Makes a commit of what is in a folder and not yet in the repository.
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
