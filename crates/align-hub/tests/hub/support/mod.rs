//! A hub on loopback: real routes and headers, a second listener as its CDN, and faults on demand.

mod connection;
mod fault;
mod repos;
mod routes;
mod routes_download;
mod routes_upload;
mod server;

pub use connection::Reply;
pub use fault::{Fault, What};
pub use repos::{Repo, git_sha1, sha256};
pub use server::{Seen, Server};

use align_hub::{Hub, HubConfig, HubError, RetryPolicy, Snapshot, Token};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The account that may read and write everything of `user`.
pub const TOKEN: &str = "hf_owner_secret";
/// An account that may read what is public.
pub const OTHER_TOKEN: &str = "hf_other_secret";

/// A cache of its own and a client of the server.
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
            attempts: 3,
            first_wait: Duration::from_millis(5),
            longest_wait: Duration::from_millis(20),
            longest_asked_wait: Duration::from_secs(2),
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

    /// The message of a download that must fail. No message ever holds a token.
    pub fn refusal(&self, model: &str) -> String {
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

/// Says that the test did not test anything, and why, past the harness that keeps what passing tests print.
pub fn skipped(reason: &str) {
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    std::io::stderr().write_all(format!("SKIPPED {test}: {reason}\n").as_bytes()).unwrap();
}

/// Bytes that repeat nowhere within a file of a test.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

/// The names in a folder and those in it, sorted, with slashes.
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

/// Asserts that the snapshot holds exactly these files of the repository, byte for byte.
pub fn assert_holds(snapshot: &Snapshot, repo: &Repo, names: &[&str]) {
    let mut expected: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    expected.sort();
    assert_eq!(names_in(&snapshot.folder), expected);
    for name in names {
        assert_eq!(fs::read(snapshot.folder.join(name)).unwrap(), repo.content(name), "{name}");
    }
}
