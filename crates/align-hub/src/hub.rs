use crate::cache::RepoCache;
use crate::downloader::Downloader;
use crate::http::Http;
use crate::listing::{self, Listing};
use crate::select::select;
use crate::upload::{self, Commit, UploadOptions};
use crate::{HubConfig, HubError, ModelName, Progress, RepoName, Result, Snapshot, file_name, shard_index, snapshot};
use std::collections::BTreeSet;
use std::path::Path;

/// A client of the hub and its cache.
pub struct Hub {
    config: HubConfig,
    http: Http,
}

impl Hub {
    /// Creates a client. No request is sent yet.
    ///
    /// # Errors
    ///
    /// If the endpoint is not an HTTP URL, or the cache path cannot be made absolute.
    pub fn new(mut config: HubConfig) -> Result<Self> {
        let http = Http::new(&config)?;
        config.cache = std::path::absolute(&config.cache).map_err(HubError::unwritable(&config.cache))?;
        Ok(Self { config, http })
    }

    /// The connection.
    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    /// The client's configuration.
    #[must_use]
    pub fn config(&self) -> &HubConfig {
        &self.config
    }

    /// Downloads a model into the cache and returns its snapshot: config, tokeniser files and weights. Cached files are
    /// not downloaded again. If the hub cannot be reached, the cached snapshot of that revision is used if it is
    /// complete.
    ///
    /// # Errors
    ///
    /// If the model does not exist or access is denied, the connection fails repeatedly, a file is damaged, or the disk
    /// is full.
    pub fn download_model(&self, model: &ModelName, progress: &mut Progress<'_>) -> Result<Snapshot> {
        let cache = RepoCache::new(&self.config.cache, model.repo());
        self.online_or_cached(
            model,
            |listing| self.download_model_files(model, &cache, listing, progress),
            || snapshot::cached_model(&self.config, &cache, model),
        )
    }

    /// Downloads the named files into the cache and returns their snapshot. Cached files are not downloaded again.
    ///
    /// # Errors
    ///
    /// As [`Hub::download_model`], and if the model has no such file.
    pub fn download_files(&self, model: &ModelName, files: &[&str], progress: &mut Progress<'_>) -> Result<Snapshot> {
        for file in files {
            file_name::components(file)?;
        }
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let cache = RepoCache::new(&self.config.cache, model.repo());
        self.online_or_cached(
            model,
            |listing| {
                if let Some(file) = files.iter().find(|file| !listing.files.contains(file)) {
                    let server_message =
                        format!("its files are {}", file_name::format_list(listing.files.iter().map(String::as_str)));
                    let (model, file) = (model.to_string(), file.clone());
                    return Err(HubError::FileNotFound { model, file, server_message: Some(server_message) });
                }
                self.downloader(model, &cache, &listing.commit).download(&files, progress)
            },
            || snapshot::cached_files(&self.config, &cache, model, &files),
        )
    }

    /// Uploads a folder's files as one commit. The repository is created if it does not exist. Contents that the hub
    /// already has are not sent.
    ///
    /// # Errors
    ///
    /// If there is no token or it lacks write access, the folder has no files to upload, or the connection fails
    /// repeatedly.
    pub fn upload_folder(
        &self,
        repo: &RepoName,
        folder: &Path,
        options: &UploadOptions,
        progress: &mut Progress<'_>,
    ) -> Result<Commit> {
        upload::folder(&self.http, &self.config, repo, folder, options, progress)
    }

    /// Downloads the files, or falls back to the cache if the hub is not reachable.
    fn online_or_cached(
        &self,
        model: &ModelName,
        download: impl FnOnce(&Listing) -> Result<()>,
        cached: impl Fn() -> Result<Snapshot>,
    ) -> Result<Snapshot> {
        if self.config.offline {
            return cached();
        }
        let listing = match listing::fetch(&self.http, &self.config, model) {
            Ok(listing) => listing,
            Err(error) if is_outage(&error) => {
                let Ok(snapshot) = cached() else { return Err(error) };
                tracing::warn!("using the cached `{model}` (commit {}): {error}", snapshot.commit);
                return Ok(snapshot);
            }
            Err(error) => return Err(error),
        };
        download(&listing)?;
        let cache = RepoCache::new(&self.config.cache, model.repo());
        // The reference is updated last, so that it never points to an incomplete snapshot.
        cache.write_ref(model.revision(), &listing.commit);
        Ok(Snapshot { folder: cache.snapshot(&listing.commit), commit: listing.commit })
    }

    fn download_model_files(
        &self,
        model: &ModelName,
        cache: &RepoCache,
        listing: &Listing,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let available: BTreeSet<String> = listing.files.iter().cloned().collect();
        let selection = select(model, &available)?;
        let downloader = self.downloader(model, cache, &listing.commit);
        let mut files = selection.small_files;
        files.push(selection.weights.to_owned());
        downloader.download(&files, progress)?;
        if selection.is_index {
            let path = cache.pointer(&listing.commit, selection.weights)?;
            let shards = shard_index::read_shards(model, &path, selection.weights)?;
            shard_index::check_available(model, selection.weights, &shards, &available)?;
            downloader.download(&shards, progress)?;
        }
        Ok(())
    }

    fn downloader<'a>(&'a self, model: &'a ModelName, cache: &'a RepoCache, commit: &'a str) -> Downloader<'a> {
        Downloader { http: &self.http, config: &self.config, model, cache, commit }
    }
}

/// Whether the error is an outage of the hub, as opposed to a rejected request.
pub(crate) fn is_outage(error: &HubError) -> bool {
    matches!(error, HubError::Unreachable { .. } | HubError::Server { .. } | HubError::RateLimited { .. })
}
