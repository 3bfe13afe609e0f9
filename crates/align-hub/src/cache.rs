use crate::etag::{Etag, EtagKind};
use crate::file_name;
use crate::verify::Checksum;
use crate::{HubError, ModelName, RepoName, Result};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The part of the cache that belongs to one repository, laid out as Python's `huggingface_hub` does: contents in
/// `blobs` by their etags, `snapshots/COMMIT` of links to them, and in `refs` which commit a branch was at last.
#[derive(Debug, Clone)]
pub(crate) struct RepoCache {
    root: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    pub(crate) fn new(cache: &Path, repo: &RepoName) -> Self {
        let folder = format!("models--{}", repo.as_str().replace('/', "--"));
        Self { root: cache.join(&folder), locks: cache.join(".locks").join(&folder) }
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(crate) fn blob(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(etag.as_str())
    }

    /// Where a content is while it arrives.
    pub(crate) fn partial(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(format!("{}.incomplete", etag.as_str()))
    }

    pub(crate) fn lock(&self, etag: &Etag) -> PathBuf {
        self.locks.join(format!("{}.lock", etag.as_str()))
    }

    pub(crate) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Where a file of a commit is; its name is checked.
    pub(crate) fn pointer(&self, commit: &str, file: &str) -> Result<PathBuf> {
        Ok(self.snapshot(commit).join(file_name::parts(file)?.join("/")))
    }

    /// Puts a content into a commit's snapshot under its name.
    pub(crate) fn link(&self, commit: &str, file: &str, etag: &Etag) -> Result<()> {
        let pointer = self.pointer(commit, file)?;
        if pointer.exists() && !is_older(&pointer) {
            return Ok(());
        }
        if let Some(folder) = pointer.parent() {
            fs::create_dir_all(folder).map_err(HubError::unwritable(folder))?;
        }
        let up = "../".repeat(file_name::parts(file)?.len() + 1);
        let target = format!("{up}blobs/{}", etag.as_str());
        match symlink(&target, &pointer) {
            // Left over from a content that someone removed, or that was brought again.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && (!pointer.exists() || is_older(&pointer)) => {
                fs::remove_file(&pointer).map_err(HubError::unwritable(&pointer))?;
                symlink(&target, &pointer).map_err(HubError::unwritable(&pointer))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked.map_err(HubError::unwritable(&pointer)),
        }
    }

    /// The checksum of a file of a commit, where it is not the one that its content's name promises. It is computed where the content was
    /// written to after the snapshot's link was made, which no download does.
    pub(crate) fn damage(&self, commit: &str, file: &str) -> Result<Option<String>> {
        let pointer = self.pointer(commit, file)?;
        if !pointer.exists() || !is_older(&pointer) {
            return Ok(None);
        }
        let name = fs::read_link(&pointer).ok().and_then(|target| Some(target.file_name()?.to_str()?.to_owned()));
        let Some(etag) = name.and_then(|name| Etag::parse(&name)) else { return Ok(None) };
        let found = mismatch(&pointer, &etag)?;
        if found.is_none() {
            // Known to be whole from now on; a cache that cannot be written is read again the next time.
            let _ = self.link(commit, file, &etag);
        }
        Ok(found)
    }

    /// The commit that the model's revision was at when the cache last saw it, and its snapshot.
    pub(crate) fn seen(&self, model: &ModelName) -> Option<(String, PathBuf)> {
        let commit = match is_commit(model.revision()) {
            true => model.revision().to_owned(),
            false => fs::read_to_string(self.reference(model.revision())).ok()?.trim().to_owned(),
        };
        let folder = self.snapshot(&commit);
        (is_commit(&commit) && folder.is_dir()).then_some((commit, folder))
    }

    /// Remembers at which commit a revision is. A cache that cannot be written loses only that.
    pub(crate) fn remember(&self, revision: &str, commit: &str) {
        let path = self.reference(revision);
        if revision == commit || fs::read_to_string(&path).is_ok_and(|known| known == commit) {
            return;
        }
        if let Err(error) = self.write_reference(&path, commit) {
            tracing::warn!("{}: cannot remember where the revision is: {error}", path.display());
        }
    }

    fn reference(&self, revision: &str) -> PathBuf {
        self.root.join("refs").join(revision)
    }

    /// Through a file beside, so that nobody reads half a commit.
    fn write_reference(&self, path: &Path, commit: &str) -> std::io::Result<()> {
        use std::io::Write;
        use std::os::unix::fs::PermissionsExt;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // As any new file, less what the umask takes away: others may share the cache.
        let permissions = fs::Permissions::from_mode(0o666);
        let mut file = tempfile::Builder::new().permissions(permissions).tempfile_in(&self.root)?;
        file.write_all(commit.as_bytes())?;
        file.persist(path)?;
        Ok(())
    }
}

/// Whether a revision is a whole commit: then no branch needs to be looked up, and nothing can move it.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a link is older than the content that it leads to.
fn is_older(pointer: &Path) -> bool {
    let (link, content) = (fs::symlink_metadata(pointer), fs::metadata(pointer));
    let times = link.and_then(|link| link.modified()).and_then(|link| Ok((link, content?.modified()?)));
    times.is_ok_and(|(link, content)| link < content)
}

/// The checksum of a file, where it is not the one that `etag` promises.
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
