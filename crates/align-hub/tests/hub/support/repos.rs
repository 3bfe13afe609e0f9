use sha2::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A model repository with its history.
#[derive(Debug, Clone)]
pub struct Repo {
    pub name: String,
    /// The files of each commit.
    pub commits: BTreeMap<String, BTreeMap<String, Content>>,
    /// Branches and tags.
    pub refs: BTreeMap<String, String>,
    pub gated: bool,
    pub private: bool,
    pub disabled: bool,
    /// The token with write access, and with read access if the repository is private or gated.
    pub owner: String,
}

/// The content of a file.
#[derive(Debug, Clone)]
pub struct Content {
    pub bytes: Vec<u8>,
    pub lfs: bool,
    pub etag: String,
}

impl Repo {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            commits: BTreeMap::new(),
            refs: BTreeMap::new(),
            gated: false,
            private: false,
            disabled: false,
            owner: super::TOKEN.to_owned(),
        }
    }

    /// A repository with a commit on `main` of a folder's files.
    pub fn of_folder(name: &str, folder: &Path) -> Self {
        let mut repo = Self::new(name);
        let files = super::names_in(folder);
        repo.commit("main", files.iter().map(|file| (file.as_str(), fs::read(folder.join(file)).unwrap())));
        repo
    }

    /// A repository with a commit on `main` of these files.
    pub fn of<'a>(name: &str, files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Self {
        let mut repo = Self::new(name);
        repo.commit("main", files);
        repo
    }

    /// Commits added and changed files to a branch and returns the commit hash.
    pub fn commit<'a>(&mut self, branch: &str, files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> String {
        let files: Vec<(&str, Content)> = files
            .into_iter()
            .map(|(name, bytes)| (name, Content::new(bytes, name.ends_with(".bin") || name.ends_with(".safetensors"))))
            .collect();
        self.commit_contents(branch, files)
    }

    pub fn commit_contents<'a>(&mut self, branch: &str, files: impl IntoIterator<Item = (&'a str, Content)>) -> String {
        let before = self.refs.get(branch).and_then(|commit| self.commits.get(commit)).cloned();
        let mut tree = before.unwrap_or_default();
        tree.extend(files.into_iter().map(|(name, content)| (name.to_owned(), content)));
        let commit = hex(&sha1::Sha1::digest(format!("{} {branch} {}", self.name, self.commits.len())));
        self.commits.insert(commit.clone(), tree);
        self.refs.insert(branch.to_owned(), commit.clone());
        commit
    }

    pub fn head(&self) -> String {
        self.refs["main"].clone()
    }

    /// The commit of a branch, tag or commit hash.
    pub fn resolve(&self, revision: &str) -> Option<String> {
        let commit = self.refs.get(revision).cloned().unwrap_or_else(|| revision.to_owned());
        self.commits.contains_key(&commit).then_some(commit)
    }

    pub fn content(&self, name: &str) -> Vec<u8> {
        self.commits[&self.head()][name].bytes.clone()
    }

    pub fn etag(&self, name: &str) -> String {
        self.commits[&self.head()][name].etag.clone()
    }
}

impl Content {
    pub fn new(bytes: Vec<u8>, lfs: bool) -> Self {
        let etag = if lfs { sha256(&bytes) } else { git_sha1(&bytes) };
        Self { bytes, lfs, etag }
    }
}

pub fn sha256(bytes: &[u8]) -> String {
    hex(&sha2::Sha256::digest(bytes))
}

pub fn git_sha1(bytes: &[u8]) -> String {
    let mut hash = sha1::Sha1::new_with_prefix(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
