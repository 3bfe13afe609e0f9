use super::upload_client::UploadClient;
use super::{Commit, UploadOptions, commit, files, lfs, preupload, repository};
use crate::http::Http;
use crate::{HubConfig, HubError, Progress, RepoName, Result};
use std::path::Path;

/// Commits a folder's new and changed files.
pub(crate) fn folder(
    http: &Http,
    config: &HubConfig,
    repo: &RepoName,
    folder: &Path,
    options: &UploadOptions,
    progress: &mut Progress<'_>,
) -> Result<Commit> {
    let upload_error = |reason: &str| HubError::Upload { repo: repo.to_string(), reason: reason.to_owned() };
    if config.offline {
        return Err(upload_error("HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it"));
    }
    if !http.has_token() {
        return Err(upload_error("there is no token: set HF_TOKEN to one with write access, or run `hf auth login`"));
    }
    repo.clone().at(&options.revision)?;
    let files = files::list_files(folder)?;
    let client = UploadClient {
        http,
        config,
        repo: repository::with_namespace(http, config, repo)?,
        revision: &options.revision,
    };
    let client = repository::ensure_exists(client, options.private)?;
    let additions = preupload::find_additions(&client, files)?;
    if additions.is_empty() {
        tracing::info!("`{}` is up to date with {}", client.repo, folder.display());
        return client.head_commit();
    }
    lfs::upload_contents(&client, &additions, progress)?;
    commit::create_commit(&client, &additions, &options.message)
}
