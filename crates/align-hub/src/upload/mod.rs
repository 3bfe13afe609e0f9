mod commit;
mod files;
mod folder;
mod lfs;
mod multipart;
mod part;
mod preupload;
mod put;
mod repository;
mod service;

pub(crate) use folder::folder;

use crate::name::DEFAULT_REVISION;
use files::LocalFile;

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
