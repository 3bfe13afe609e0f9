//! A hub on loopback with the real routes and headers, a second listener as its CDN, and injected faults.

mod connection;
mod fault;
mod repos;
mod routes;
mod routes_download;
mod routes_upload;
mod server;

pub use connection::Response;
pub use fault::{Fault, FaultKind};
pub use repos::{Repo, git_sha1, sha256};
pub use server::{ServedRequest, Server};

use align_hub::{Hub, HubConfig, HubError, RetryPolicy, Snapshot, Token};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The token of the account with read and write access to everything of `user`.
pub const TOKEN: &str = "hf_owner_secret";
/// The token of an account with access to public repositories only.
pub const OTHER_TOKEN: &str = "hf_other_secret";

/// A client of the server with its own cache.
pub struct Client {
    folder: tempfile::TempDir,
    config: HubConfig,
}

impl Client {
    pub fn new(server: &Server) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = HubConfig::new(folder.path().join("hub"));
        config.endpoint = server.endpoint();
        config.etag_timeout = Duration::from_secs(5);
        config.download_timeout = Duration::from_secs(5);
        config.retries = RetryPolicy {
            max_attempts: 3,
            initial_delay: Duration::from_millis(5),
            max_delay: Duration::from_millis(20),
            max_server_delay: Duration::from_secs(2),
        };
        Self { folder, config }
    }

    pub fn with(mut self, change: impl FnOnce(&mut HubConfig)) -> Self {
        change(&mut self.config);
        self
    }

    pub fn token(self, token: &str) -> Self {
        let token = Token::parse(token, "the test").unwrap();
        self.with(|config| config.token = token)
    }

    pub fn offline(&self) -> Hub {
        let mut config = self.config.clone();
        config.offline = true;
        Hub::new(config).unwrap()
    }

    pub fn hub(&self) -> Hub {
        Hub::new(self.config.clone()).unwrap()
    }

    pub fn download(&self, model: &str) -> Result<Snapshot, HubError> {
        self.hub().download_model(&model.parse().unwrap(), &mut |_| {})
    }

    /// The message of a download that must fail. It must not contain a token.
    pub fn download_error(&self, model: &str) -> String {
        let error = self.download(model).unwrap_err();
        let (shown, debug) = (error.to_string(), format!("{error:?}"));
        assert!(!shown.contains("_secret") && !debug.contains("_secret"), "{shown}\n{debug}");
        shown
    }

    pub fn cache(&self) -> &Path {
        &self.config.cache
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The repository's folder in the cache.
    pub fn repo(&self, name: &str) -> PathBuf {
        self.cache().join(format!("models--{}", name.replace('/', "--")))
    }

    pub fn partial(&self, name: &str, etag: &str) -> PathBuf {
        self.repo(name).join("blobs").join(format!("{etag}.incomplete"))
    }
}

/// Reports a skipped test on standard error, which the test harness does not capture.
pub fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    std::io::stderr().write_all(format!("SKIPPED {test}: {reason}\n").as_bytes()).unwrap();
}

/// Pseudo-random bytes without repetitions.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

/// The names of all files in a folder, recursively, with slashes and sorted.
pub fn names_in(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, prefix: &str, names: &mut Vec<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), names);
            } else {
                names.push(name);
            }
        }
    }
    let mut names = Vec::new();
    walk(folder, "", &mut names);
    names.sort();
    names
}

/// Asserts that the snapshot has exactly these files of the repository, with equal contents.
pub fn assert_holds(snapshot: &Snapshot, repo: &Repo, names: &[&str]) {
    let mut expected: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(names_in(&snapshot.folder), expected);
    for name in names {
        assert_eq!(fs::read(snapshot.folder.join(name)).unwrap(), repo.content(name), "{name}");
    }
}
