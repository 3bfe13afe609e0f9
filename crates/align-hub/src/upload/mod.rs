mod commit;
mod file_part;
mod files;
mod folder;
mod lfs;
mod multipart;
mod preupload;
mod put_range;
mod repository;
mod upload_client;

pub(crate) use folder::folder;

use crate::name::DEFAULT_REVISION;
use files::LocalFile;

/// The error for a file that was modified after its checksum was computed.
const CHANGED: &str = "changed while it was uploaded: try again";

/// Options of an upload.
#[derive(Debug, Clone)]
pub struct UploadOptions {
    /// The branch to commit to. It must exist unless it is `main`.
    pub revision: String,
    /// The commit message. The first line is its title.
    pub message: String,
    /// Whether a newly created repository is private; `None` uses the account's default.
    pub private: Option<bool>,
}

impl Default for UploadOptions {
    fn default() -> Self {
        Self { revision: DEFAULT_REVISION.to_owned(), message: "Upload a model with align".to_owned(), private: None }
    }
}

/// The new commit, or the latest one if nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The commit hash.
    pub oid: String,
    /// The URL of its page.
    pub url: String,
}

/// How a file is uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UploadMode {
    /// Within the commit request.
    Regular,
    /// Through LFS, with a checksum as reference.
    Lfs,
}

/// A file to add to the commit.
struct Addition {
    file: LocalFile,
    mode: UploadMode,
    /// Git's SHA-1 for regular files, SHA-256 for LFS.
    oid: String,
}
