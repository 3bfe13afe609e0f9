use crate::NameError;
use crate::dataset_error::DatasetError;
use crate::server_message::in_parentheses;
use align_base::printable_path;
use std::io;
use std::path::PathBuf;

/// A `Result` of this crate.
pub type Result<T> = std::result::Result<T, HubError>;

/// Errors of the hub and its cache. No message contains the token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// An invalid repository or model name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A path to a folder that does not exist.
    #[error("{}: no such folder; give a model's folder, or a name on the hub such as user/name", printable_path(path))]
    NoSuchFolder {
        /// The given path.
        path: PathBuf,
    },
    /// A path that is not a folder.
    #[error("{}: not a folder; give the folder with the model's config.json and weights", printable_path(path))]
    NotAFolder {
        /// The given path.
        path: PathBuf,
    },
    /// An invalid setting.
    #[error("{setting}={value:?} is invalid: expected {expected}")]
    Setting {
        /// The environment variable or field.
        setting: &'static str,
        /// Its value.
        value: String,
        /// The accepted values.
        expected: &'static str,
    },
    /// An invalid token. The message does not show it.
    #[error("the token from {origin} {wrong}; copy it again from the settings of your account on the hub")]
    Token {
        /// Where the token was found.
        origin: String,
        /// What is wrong with it.
        wrong: &'static str,
    },
    /// The repository does not exist, or the user has no access to it.
    #[error(
        "{endpoint} has no model `{repo}`, or it is private{}: check the spelling; if it is private, {}{}",
        if *.with_token { " and the token has no access to it" } else { "" },
        if *.with_token { "use a token with read access" } else { "set HF_TOKEN to a token with read access" },
        in_parentheses(.server_message)
    )]
    RepoNotFound {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// Whether a token was sent.
        with_token: bool,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The repository has no such branch, tag or commit.
    #[error("`{repo}` has no revision `{revision}`: give a branch, tag or commit that {endpoint}/{repo} lists{}", in_parentheses(.server_message))]
    RevisionNotFound {
        /// The repository.
        repo: String,
        /// The revision.
        revision: String,
        /// The hub.
        endpoint: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The repository has no such file at that revision.
    #[error("`{model}` has no file `{file}`{}", in_parentheses(.server_message))]
    FileNotFound {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// The files that exist, or the hub's message.
        server_message: Option<String>,
    },
    /// A split of a data set that has no files, or more than one configuration.
    #[error("{0}")]
    Dataset(#[from] DatasetError),
    /// A file name that would escape the cache folder.
    #[error("{:?} is not a valid file name in a repository: expected names separated by `/`, without `..`", file)]
    UnsafeFileName {
        /// The name.
        file: String,
    },
    /// The model is gated, and no token was sent.
    #[error(
        "`{repo}` is gated: accept its conditions at {endpoint}/{repo} and set HF_TOKEN to a token of that account{}",
        in_parentheses(.server_message)
    )]
    GatedNoToken {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The model is gated, and the token's account has not been granted access.
    #[error(
        "`{repo}` is gated and the token's account has no access yet: accept its conditions at {endpoint}/{repo} (some \
         owners approve requests manually), and allow the token to read gated repositories{}",
        in_parentheses(.server_message)
    )]
    GatedNoAccess {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The hub rejects the token.
    #[error(
        "{endpoint} does not accept the token: it was revoked, has expired or is misspelt; create a new one at \
         {endpoint}/settings/tokens and set HF_TOKEN (or `hf auth login`){}",
        in_parentheses(.server_message)
    )]
    TokenRejected {
        /// The hub.
        endpoint: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The token's account lacks the permission.
    #[error("{endpoint} forbids {what}: check the token's permissions at {endpoint}/settings/tokens{}", in_parentheses(.server_message))]
    Forbidden {
        /// The hub.
        endpoint: String,
        /// The rejected action.
        what: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The hub has disabled the repository.
    #[error("{endpoint} has disabled `{repo}`: nobody can download it; choose another model{}", in_parentheses(.server_message))]
    Disabled {
        /// The repository.
        repo: String,
        /// The hub.
        endpoint: String,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The hub repeatedly returned a server error.
    #[error(
        "{url} returned status {status} {attempts} times: the server has a problem; try again later (the partial download is kept){}",
        in_parentheses(.server_message)
    )]
    Server {
        /// The requested URL, without its query.
        url: String,
        /// The last status.
        status: u16,
        /// How often the request was sent.
        attempts: u32,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The hub's rate limit was exceeded.
    #[error(
        "{url} reports too many requests{}: try again later; the limit is higher with a token{}",
        .wait.map(|seconds| format!(" and requests a delay of {seconds} s")).unwrap_or_default(),
        in_parentheses(.server_message)
    )]
    RateLimited {
        /// The requested URL, without its query.
        url: String,
        /// How many seconds to wait, if the hub says so.
        wait: Option<u64>,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// The connection failed, or broke repeatedly.
    #[error("cannot reach {url}: {reason}; {remedy}")]
    Unreachable {
        /// The requested URL, without its query.
        url: String,
        /// What went wrong.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A response with an unexpected status.
    #[error("{url} returned the unexpected status {status}{}", in_parentheses(.server_message))]
    Status {
        /// The requested URL, without its query.
        url: String,
        /// The status.
        status: u16,
        /// The hub's message.
        server_message: Option<String>,
    },
    /// A response that violates the protocol.
    #[error(
        "{url} sent an invalid response: {reason}; check that HF_ENDPOINT is a hub and that no proxy shows a login page"
    )]
    Malformed {
        /// The requested URL, without its query.
        url: String,
        /// What is wrong with the response.
        reason: String,
    },
    /// A downloaded file has a wrong checksum.
    #[error(
        "`{file}` of `{model}` is damaged: its checksum is {found}, expected {expected}; the download was discarded, \
         try again"
    )]
    Checksum {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// The expected checksum.
        expected: String,
        /// The actual checksum.
        found: String,
    },
    /// A downloaded file has a wrong size.
    #[error(
        "`{file}` of `{model}` is damaged: it is {found}, expected {expected} bytes; the download was discarded, try \
         again"
    )]
    Size {
        /// The repository and revision.
        model: String,
        /// The file.
        file: String,
        /// The expected size.
        expected: u64,
        /// The actual size.
        found: String,
    },
    /// The cache's disk is full.
    #[error(
        "{}: the disk is too full: {needed} more bytes are needed, {free} are free; free some space, or set HF_HUB_CACHE to a \
         folder on a larger disk; the partial download is kept and will be resumed",
        printable_path(folder)
    )]
    DiskFull {
        /// The cache's folder.
        folder: PathBuf,
        /// Bytes still to be downloaded.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The cache cannot be written.
    #[error(
        "{}: cannot write the cache: {source}; check its owner and permissions, or set HF_HUB_CACHE to a folder that you own",
        printable_path(path)
    )]
    CacheUnwritable {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read: {source}", printable_path(path))]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A repository that lacks files of a model.
    #[error("`{model}` has no {missing}, so it cannot be loaded as a model; its files are {found}")]
    NotAModel {
        /// The repository and revision.
        model: String,
        /// What is missing.
        missing: &'static str,
        /// The files that exist.
        found: String,
    },
    /// An invalid index of weight shards.
    #[error("`{file}` of `{model}` is not a valid weight index: {reason}")]
    Index {
        /// The repository and revision.
        model: String,
        /// The index.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// Offline, and the cache does not have that revision of the model.
    #[error(
        "`{model}` is not in the cache {} and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it and run once with a network, set HF_HUB_CACHE to the cache that has it, or give the model's folder",
        printable_path(cache)
    )]
    NotCached {
        /// The repository and revision.
        model: String,
        /// The cache.
        cache: PathBuf,
    },
    /// A cached file that was modified after its download.
    #[error(
        "{}: the file is damaged: its checksum is {found}, which does not match the name of its blob; remove the blob and download the file again",
        printable_path(path)
    )]
    DamagedInCache {
        /// The file.
        path: PathBuf,
        /// Its checksum.
        found: String,
    },
    /// Offline, and the cache has only some of the model's files.
    #[error(
        "`{model}` is only partially in the cache: {} lacks {missing}, and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: unset it and run once with a network to complete it",
        printable_path(folder)
    )]
    PartiallyCached {
        /// The repository and revision.
        model: String,
        /// The snapshot.
        folder: PathBuf,
        /// The missing file.
        missing: String,
    },
    /// A folder that cannot be uploaded.
    #[error("{}: {reason}", printable_path(path))]
    Folder {
        /// The folder, or a file in it.
        path: PathBuf,
        /// The reason and the remedy.
        reason: &'static str,
    },
    /// An upload that is not possible.
    #[error("cannot upload to `{repo}`: {reason}")]
    Upload {
        /// The repository.
        repo: String,
        /// The reason and the remedy.
        reason: String,
    },
}
