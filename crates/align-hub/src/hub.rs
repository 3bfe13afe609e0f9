use crate::cache::RepoCache;
use crate::download::Downloader;
use crate::http::Http;
use crate::listing::{self, Listing};
use crate::select::select;
use crate::upload::{self, Commit, UploadOptions};
use crate::{HubConfig, HubError, ModelName, Progress, RepoName, Result, Snapshot, file_name, shard_index, snapshot};
use std::collections::BTreeSet;
use std::path::Path;

/// A client of the hub with its cache.
pub struct Hub {
    config: HubConfig,
    http: Http,
}

impl Hub {
    /// A client that is set up so. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// If the endpoint is no http address, or the cache's path cannot be made a full one.
    pub fn new(mut config: HubConfig) -> Result<Self> {
        let http = Http::new(&config)?;
        config.cache = std::path::absolute(&config.cache).map_err(HubError::unwritable(&config.cache))?;
        Ok(Self { config, http })
    }

    /// How it is set up.
    #[must_use]
    pub fn config(&self) -> &HubConfig {
        &self.config
    }

    /// The model's folder in the cache, after bringing there what it does not have: the config, the tokeniser's files and
    /// the weights, nothing else. Where the hub cannot be reached, what the cache has of that revision, if complete.
    ///
    /// # Errors
    ///
    /// If the hub has no such model or refuses it, the connection fails again and again, a file is damaged, or the disk
    /// is full.
    pub fn download_model(&self, model: &ModelName, progress: &mut Progress<'_>) -> Result<Snapshot> {
        let cache = RepoCache::new(&self.config.cache, model.repo());
        self.online_or_cached(
            model,
            |listing| self.bring_model(model, &cache, listing, progress),
            || snapshot::cached_model(&self.config, &cache, model),
        )
    }

    /// The folder in the cache with the named files, after bringing there those that it does not have.
    ///
    /// # Errors
    ///
    /// As [`Hub::download_model`], and if the model has no file of such a name.
    pub fn download_files(&self, model: &ModelName, files: &[&str], progress: &mut Progress<'_>) -> Result<Snapshot> {
        for file in files {
            file_name::parts(file)?;
        }
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let cache = RepoCache::new(&self.config.cache, model.repo());
        self.online_or_cached(
            model,
            |listing| {
                if let Some(file) = files.iter().find(|file| !listing.files.contains(file)) {
                    let said = format!("it holds {}", file_name::listed(listing.files.iter().map(String::as_str)));
                    let (model, file) = (model.to_string(), file.clone());
                    return Err(HubError::FileNotFound { model, file, said: Some(said) });
                }
                self.downloader(model, &cache, &listing.commit).bring(&files, progress)
            },
            || snapshot::cached_files(&self.config, &cache, model, &files),
        )
    }

    /// Makes one commit of the folder's files to the repository, which is created where it does not exist. Contents that
    /// the hub already has are not sent.
    ///
    /// # Errors
    ///
    /// If there is no token or it may not write there, the folder holds nothing that can be uploaded, or the connection
    /// fails again and again.
    pub fn upload_folder(
        &self,
        repo: &RepoName,
        folder: &Path,
        options: &UploadOptions,
        progress: &mut Progress<'_>,
    ) -> Result<Commit> {
        upload::folder(&self.http, &self.config, repo, folder, options, progress)
    }

    /// Brings what the hub lists, or takes what the cache has where the hub does not answer.
    fn online_or_cached(
        &self,
        model: &ModelName,
        bring: impl FnOnce(&Listing) -> Result<()>,
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
        bring(&listing)?;
        let cache = RepoCache::new(&self.config.cache, model.repo());
        // Only now: a revision that points to half a model would be worse than one that points to the last whole one.
        cache.remember(model.revision(), &listing.commit);
        Ok(Snapshot { folder: cache.snapshot(&listing.commit), commit: listing.commit })
    }

    fn bring_model(
        &self,
        model: &ModelName,
        cache: &RepoCache,
        listing: &Listing,
        progress: &mut Progress<'_>,
    ) -> Result<()> {
        let there: BTreeSet<String> = listing.files.iter().cloned().collect();
        let selection = select(model, &there)?;
        let downloader = self.downloader(model, cache, &listing.commit);
        let mut files = selection.small;
        files.push(selection.weights.to_owned());
        downloader.bring(&files, progress)?;
        if selection.is_index {
            let path = cache.pointer(&listing.commit, selection.weights)?;
            let shards = shard_index::shards(model, &path, selection.weights)?;
            shard_index::check_there(model, selection.weights, &shards, &there)?;
            downloader.bring(&shards, progress)?;
        }
        Ok(())
    }

    fn downloader<'a>(&'a self, model: &'a ModelName, cache: &'a RepoCache, commit: &'a str) -> Downloader<'a> {
        Downloader { http: &self.http, config: &self.config, model, cache, commit }
    }
}

/// Whether the hub could not answer, rather than did not want to.
fn is_outage(error: &HubError) -> bool {
    matches!(error, HubError::Unreachable { .. } | HubError::Server { .. } | HubError::RateLimited { .. })
}
