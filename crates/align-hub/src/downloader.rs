use crate::cache::RepoCache;
use crate::file_download::FileDownload;
use crate::http::Http;
use crate::metadata::{self, RemoteFile};
use crate::partial_file::PartialFile;
use crate::{Event, HubConfig, HubError, ModelName, Progress, Result, cache, disk_space, locks};
use std::fs;

/// Downloads files of one commit into the cache.
pub(crate) struct Downloader<'a> {
    pub http: &'a Http,
    pub config: &'a HubConfig,
    pub model: &'a ModelName,
    pub cache: &'a RepoCache,
    pub commit: &'a str,
}

impl Downloader<'_> {
    /// Downloads the files that the snapshot lacks, after checking that all of them fit on the disk.
    pub(crate) fn download(&self, files: &[String], progress: &mut Progress<'_>) -> Result<()> {
        let mut missing = Vec::new();
        for file in files {
            let damage = self.cache.checksum_mismatch(self.commit, file)?;
            if damage.is_some() {
                tracing::warn!("`{file}` of `{}` is damaged in the cache and will be downloaded again", self.model);
            }
            if damage.is_some() || !self.cache.pointer(self.commit, file)?.exists() {
                missing.push(metadata::fetch(self.http, self.config, self.model, self.commit, file)?);
            }
        }
        let needed = missing.iter().map(|file| self.bytes_needed(file)).fold(0, u64::saturating_add);
        disk_space::check(&self.cache.blobs(), needed)?;
        missing.iter().try_for_each(|file| self.download_file(file, progress))
    }

    fn download_file(&self, file: &RemoteFile, progress: &mut Progress<'_>) -> Result<()> {
        let _lock = locks::acquire(&self.cache.lock(&file.etag))?;
        if !self.has_valid_blob(file)? {
            self.fetch(file, progress)?;
        }
        self.cache.link(self.commit, &file.name, &file.etag)
    }

    fn fetch(&self, file: &RemoteFile, progress: &mut Progress<'_>) -> Result<()> {
        let download = FileDownload { http: self.http, config: self.config, model: self.model, file };
        let mut partial = PartialFile::open(&self.cache.partial(&file.etag), &file.etag, file.size)?;
        let resumed_from = partial.length();
        let mut fetched = download.complete(&mut partial, progress).and_then(|()| self.check(&mut partial, file));
        if resumed_from > 0 && matches!(fetched, Err(HubError::Checksum { .. })) {
            tracing::warn!("the partial download of `{}` is damaged, starting over", file.name);
            partial.restart()?;
            fetched = download.complete(&mut partial, progress).and_then(|()| self.check(&mut partial, file));
        }
        match fetched {
            Ok(()) => partial.finish(&self.cache.blob(&file.etag))?,
            Err(error) => {
                if matches!(error, HubError::Checksum { .. } | HubError::Size { .. }) {
                    partial.discard();
                }
                return Err(error);
            }
        }
        progress(Event::Done { file: &file.name });
        Ok(())
    }

    fn check(&self, partial: &mut PartialFile, file: &RemoteFile) -> Result<()> {
        match partial.mismatch()? {
            None => Ok(()),
            Some(found) => Err(HubError::Checksum {
                model: self.model.to_string(),
                file: file.name.clone(),
                expected: file.etag.as_str().to_owned(),
                found,
            }),
        }
    }

    /// Whether the cache has a blob of the right size.
    fn has_blob(&self, file: &RemoteFile) -> bool {
        fs::metadata(self.cache.blob(&file.etag))
            .is_ok_and(|blob| blob.is_file() && file.size.is_none_or(|size| size == blob.len()))
    }

    /// Whether the cache has the blob and its checksum is correct.
    fn has_valid_blob(&self, file: &RemoteFile) -> Result<bool> {
        Ok(self.has_blob(file) && cache::mismatch(&self.cache.blob(&file.etag), &file.etag)?.is_none())
    }

    fn bytes_needed(&self, file: &RemoteFile) -> u64 {
        if self.has_blob(file) {
            return 0;
        }
        let partial = fs::metadata(self.cache.partial(&file.etag)).map_or(0, |partial| partial.len());
        file.size.unwrap_or(0).saturating_sub(partial)
    }
}
