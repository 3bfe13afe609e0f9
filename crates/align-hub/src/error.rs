use crate::NameError;
use crate::words::in_brackets;
use align_base::printable_path;
use std::io;
use std::path::PathBuf;

/// A `Result` of this crate.
pub type Result<T> = std::result::Result<T, HubError>;

/// Why the hub, or the cache, could not give or take a model. No message holds the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A name that the hub could not have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A path to a folder that is not there.
    #[error(
        "{}: no such folder; give a folder that holds a model, or a name on the hub such as user/name",
        printable_path(path)
    )]
    NoSuchFolder {
        /// What was given.
        path: PathBuf,
    },
    /// A path to something that is no folder.
    #[error("{}: not a folder; give the folder that holds the model's config.json and weights", printable_path(path))]
    NotAFolder {
        /// What was given.
        path: PathBuf,
    },
    /// A setting that makes no sense.
    #[error("{setting}={value:?} makes no sense: expected {expected}")]
    Setting {
        /// The environment variable or field.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What would be understood.
        expected: &'static str,
    },
    /// A token that cannot be one. The message does not show it.
    #[error("the token from {origin} {wrong}; copy it again from the settings of your account on the hub")]
    Token {
        /// Where it was found.
        origin: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The hub knows no such repository, or does not show it to this user.
    #[error(
        "{endpoint} has no model `{repo}`, or it is private{}: check the spelling; if it is private, {}{}",
        if *.with_token { " and the token may not see it" } else { "" },
        if *.with_token { "use a token of an account that may read it" } else { "set HF_TOKEN to a token that may read it" },
        in_brackets(.said)
    )]
    RepoNotFound {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// Whether a token was sent.
        with_token: bool,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The repository has no such branch, tag or commit.
    #[error("`{repo}` has no revision `{revision}`: give a branch, tag or commit that {endpoint}/{repo} lists{}", in_brackets(.said))]
    RevisionNotFound {
        /// The repository.
        repo: String,
        /// The revision.
        revision: String,
        /// The hub.
        endpoint: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The repository has no such file at that revision.
    #[error("`{model}` has no file `{file}`{}", in_brackets(.said))]
    FileNotFound {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// What is there, or the hub's own words.
        said: Option<String>,
    },
    /// A name of a file that would lead out of the cache.
    #[error("{:?} is no name of a file of a repository: expected plain names between `/`, without `..`", file)]
    UnsafeFileName {
        /// The name.
        file: String,
    },
    /// The model's owner wants conditions accepted first, and no token says who is asking.
    #[error(
        "`{repo}` is gated: accept its conditions at {endpoint}/{repo} and set HF_TOKEN to a token of that account{}",
        in_brackets(.said)
    )]
    GatedNoToken {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The model's owner wants conditions accepted first, and the token's account is not among those let in.
    #[error(
        "`{repo}` is gated and the token's account has no access yet: accept its conditions at {endpoint}/{repo} (some \
         owners then decide by hand), and let the token read gated repositories{}",
        in_brackets(.said)
    )]
    GatedNoAccess {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The hub does not know the token.
    #[error(
        "{endpoint} does not accept the token: it was revoked, has run out or is misspelt; make a new one at \
         {endpoint}/settings/tokens and set HF_TOKEN (or `hf auth login`){}",
        in_brackets(.said)
    )]
    TokenRefused {
        /// The hub.
        endpoint: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The hub knows who asks and says no.
    #[error("{endpoint} forbids {what}: check what the token may do at {endpoint}/settings/tokens{}", in_brackets(.said))]
    Forbidden {
        /// The hub.
        endpoint: String,
        /// What was asked.
        what: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The hub has closed the repository.
    #[error("{endpoint} has disabled `{repo}`: nobody can download it; choose another model{}", in_brackets(.said))]
    Disabled {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The hub kept answering with an error of its own.
    #[error(
        "{url} answered {status} {attempts} times: the server has a problem, try again later; what was downloaded is kept{}",
        in_brackets(.said)
    )]
    Server {
        /// What was asked, without its query.
        url: String,
        /// The last status.
        status: u16,
        /// How often it was asked.
        attempts: u32,
        /// The hub's own words.
        said: Option<String>,
    },
    /// The hub wants fewer requests.
    #[error(
        "{url} says that there are too many requests{}: try again later; requests with a token are allowed more{}",
        .wait.map(|seconds| format!(" and asks to wait {seconds} s")).unwrap_or_default(),
        in_brackets(.said)
    )]
    RateLimited {
        /// What was asked, without its query.
        url: String,
        /// How many seconds to wait, where the hub says so.
        wait: Option<u64>,
        /// The hub's own words.
        said: Option<String>,
    },
    /// No connection, or it broke again and again.
    #[error("cannot reach {url}: {reason}; {remedy}")]
    Unreachable {
        /// What was asked, without its query.
        url: String,
        /// What went wrong.
        reason: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// An answer that nobody expected.
    #[error("{url} answered {status}, which is not an answer that a hub gives here{}", in_brackets(.said))]
    Status {
        /// What was asked, without its query.
        url: String,
        /// The status.
        status: u16,
        /// The hub's own words.
        said: Option<String>,
    },
    /// An answer that is not what its place in the protocol asks for.
    #[error("{url} answered wrongly: {reason}; is HF_ENDPOINT a hub, and no proxy's login page in between?")]
    Malformed {
        /// What was asked, without its query.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A file's content is not what the hub says it should be.
    #[error(
        "`{file}` of `{model}` is damaged: its checksum is {found}, the hub says {expected}; the download was thrown away, \
         try again"
    )]
    Checksum {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// The hub's checksum.
        expected: String,
        /// The content's.
        found: String,
    },
    /// A file's size is not what the hub says it should be.
    #[error(
        "`{file}` of `{model}` is damaged: it is {found}, the hub says {expected} bytes; the download was thrown away, try \
         again"
    )]
    Size {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// The hub's size.
        expected: u64,
        /// What came.
        found: String,
    },
    /// The cache's disk is too full.
    #[error(
        "{}: the disk is too full: {needed} bytes are still needed, {free} are free; make room, or set HF_HUB_CACHE to a \
         folder on a larger disk; what was downloaded is kept and continued",
        printable_path(folder)
    )]
    DiskFull {
        /// The cache's folder.
        folder: PathBuf,
        /// Bytes still to come.
        needed: u64,
        /// Bytes that the disk has left.
        free: u64,
    },
    /// The cache cannot be written.
    #[error(
        "{}: cannot write the cache: {source}; check who owns it, or set HF_HUB_CACHE to a folder of yours",
        printable_path(path)
    )]
    CacheUnwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", printable_path(path))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A repository without what a model needs.
    #[error("`{model}` holds no {lacks}, so it is no model that can be loaded; it holds {there}")]
    NotAModel {
        /// The repository and revision.
        model: String,
        /// What is missing.
        lacks: &'static str,
        /// What is there.
        there: String,
    },
    /// An index of a model's shards that is no such index, or names files that it must not.
    #[error("`{file}` of `{model}` is no index of weights that can be used: {reason}")]
    Index {
        /// The repository and revision.
        model: String,
        /// The index.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Offline, and the cache has not seen that revision of the model.
    #[error(
        "`{model}` is not in the cache {} and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it and run once with \
         a network, set HF_HUB_CACHE to the cache that has it, or give the model's folder",
        printable_path(cache)
    )]
    NotCached {
        /// The repository and revision.
        model: String,
        /// The cache.
        cache: PathBuf,
    },
    /// A file in the cache that was changed after it was downloaded.
    #[error(
        "{}: it is damaged: its checksum is {found}, not the one that its content's name says; remove what it links to, and download it again",
        printable_path(path)
    )]
    DamagedInCache {
        /// The file.
        path: PathBuf,
        /// Its checksum.
        found: String,
    },
    /// Offline, and the cache has only a part of the model.
    #[error(
        "`{model}` is only partly in the cache: {} lacks {missing}, and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: \
         unset it and run once with a network to complete it",
        printable_path(folder)
    )]
    PartlyCached {
        /// The repository and revision.
        model: String,
        /// The snapshot.
        folder: PathBuf,
        /// The file that is not there.
        missing: String,
    },
    /// A folder that cannot be uploaded as it is.
    #[error("{}: {reason}", printable_path(path))]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why not, and what to do.
        reason: &'static str,
    },
    /// Uploading without being able to.
    #[error("cannot upload to `{repo}`: {reason}")]
    Upload {
        /// The repository.
        repo: String,
        /// Why not, and what to do.
        reason: String,
    },
}
