use crate::checksum::Checksum;
use crate::etag::{Etag, EtagKind};
use crate::file_name;
use crate::{HubError, ModelName, RepoName, Result};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A repository's part of the cache, in the layout of Python's `huggingface_hub`: file contents in `blobs` by etag,
/// links to them in `snapshots/COMMIT`, and the last known commit of each branch in `refs`.
#[derive(Debug, Clone)]
pub(crate) struct RepoCache {
    root: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    pub(crate) fn new(cache: &Path, repo: &RepoName) -> Self {
        let folder = format!("{}--{}", repo.kind().plural(), repo.as_str().replace('/', "--"));
        Self { root: cache.join(&folder), locks: cache.join(".locks").join(&folder) }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(crate) fn blob(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(etag.as_str())
    }

    /// The path of a partial download.
    pub(crate) fn partial(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(format!("{}.incomplete", etag.as_str()))
    }

    pub(crate) fn lock(&self, etag: &Etag) -> PathBuf {
        self.locks.join(format!("{}.lock", etag.as_str()))
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// The path of a commit's file. The file name is validated.
    pub(crate) fn pointer(&self, commit: &str, file: &str) -> Result<PathBuf> {
        Ok(self.snapshot(commit).join(file_name::components(file)?.join("/")))
    }

    /// Links a blob into a commit's snapshot.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &Etag) -> Result<()> {
        let pointer = self.pointer(commit, file)?;
        if pointer.exists() && !link_is_older(&pointer) {
            return Ok(());
        }
        if let Some(folder) = pointer.parent() {
            fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
        }
        let up = "../".repeat(file_name::components(file)?.len() + 1);
        let target = format!("{up}blobs/{}", etag.as_str());
        match symlink(&target, &pointer) {
            // The link is dangling because its blob was removed, or the blob was downloaded again.
            Err(error)
                if error.kind() == ErrorKind::AlreadyExists && (!pointer.exists() || link_is_older(&pointer)) =>
            {
                fs::remove_file(&pointer).map_err(HubError::unwritable(&pointer))?;
                symlink(&target, &pointer).map_err(HubError::unwritable(&pointer))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked.map_err(HubError::unwritable(&pointer)),
        }
    }

    /// The checksum of a commit's file if it differs from the one in its blob's name. It is computed only if the blob
    /// was modified after the link was created, which downloads never do.
    pub(crate) fn checksum_mismatch(&self, commit: &str, file: &str) -> Result<Option<String>> {
        let pointer = self.pointer(commit, file)?;
        if !pointer.exists() || !link_is_older(&pointer) {
            return Ok(None);
        }
        let name = fs::read_link(&pointer).ok().and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
        let Some(etag) = name.and_then(|name| Etag::parse(&name)) else { return Ok(None) };
        let found = mismatch(&pointer, &etag)?;
        if found.is_none() {
            // Makes the link newer than the blob. If the cache is read-only, the file is checked again next time.
            let _ = self.link(commit, file, &etag);
        }
        Ok(found)
    }

    /// The commit that the revision had when the cache was last updated, and its snapshot.
    pub(crate) fn cached_commit(&self, model: &ModelName) -> Option<(String, PathBuf)> {
        let commit = match is_commit(model.revision()) {
            true => model.revision().to_owned(),
            false => fs::read_to_string(self.ref_path(model.revision())).ok()?.trim().to_owned(),
        };
        let folder = self.snapshot(&commit);
        (is_commit(&commit) && folder.is_dir()).then_some((commit, folder))
    }

    /// Stores the commit of a revision. If the cache is read-only, this is skipped with a warning.
    pub(crate) fn write_ref(&self, revision: &str, commit: &str) {
        let path = self.ref_path(revision);
        if revision == commit || fs::read_to_string(&path).is_ok_and(|known| known == commit) {
            return;
        }
        if let Err(error) = self.write_ref_file(&path, commit) {
            tracing::warn!("{}: cannot store the commit of the revision: {error}", path.display());
        }
    }

    fn ref_path(&self, revision: &str) -> PathBuf {
        self.root.join("refs").join(revision)
    }

    /// Written through a temporary file, so that no reader sees a partial commit hash.
    fn write_ref_file(&self, path: &Path, commit: &str) -> std::io::Result<()> {
        use std::io::Write;
        use std::os::unix::fs::PermissionsExt;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // The permissions of a new file, subject to the umask, because several users may share the cache.
        let permissions = fs::Permissions::from_mode(0o666);
        let mut file = tempfile::Builder::new().permissions(permissions).tempfile_in(&self.root)?;
        file.write_all(commit.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }
}

/// Whether a revision is a full commit hash, which never changes and needs no lookup.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a link is older than its target.
fn link_is_older(pointer: &Path) -> bool {
    let (link, content) = (fs::symlink_metadata(pointer), fs::metadata(pointer));
    let times = link.and_then(|link| link.modified()).and_then(|link| Ok((link, content?.modified()?)));
    times.is_ok_and(|(link, content)| link < content)
}

/// The checksum of a file if it differs from `etag`.
pub(crate) fn mismatch(path: &Path, etag: &Etag) -> Result<Option<String>> {
    if etag.kind() == EtagKind::Opaque {
        return Ok(None);
    }
    let mut file = fs::File::open(path).map_err(HubError::unreadable(path))?;
    let size = file.metadata().map_err(HubError::unreadable(path))?.len();
    let mut checksum = Checksum::new(etag.kind(), size);
    checksum.update_from(&mut file).map_err(HubError::unreadable(path))?;
    Ok(checksum.mismatch(etag))
}
