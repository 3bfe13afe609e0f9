use std::fmt;
use std::str::FromStr;

/// Most characters of a user's or repository's name.
const MAX_CHARS: usize = 96;
/// Most characters of a revision. Git's own limit depends on the file system.
const MAX_REVISION_CHARS: usize = 200;
/// The default branch.
pub(crate) const DEFAULT_REVISION: &str = "main";

/// A repository on the hub: `user/name`, or just `name` for some old models.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoName {
    text: String,
    kind: RepoKind,
}

/// What a repository holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RepoKind {
    /// A model.
    #[default]
    Model,
    /// A data set.
    Dataset,
}

impl RepoKind {
    /// The kind in the hub's routes and in the cache's folders.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
        }
    }
}

/// A model on the hub: a repository and a revision.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelName {
    repo: RepoName,
    revision: String,
}

/// Longest name that a message shows in full.
const MAX_SHOWN_CHARS: usize = 200;

/// An invalid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a valid model name: {wrong}; expected {expected}", printable(name))]
pub struct NameError {
    /// The given name.
    pub name: String,
    /// What is wrong with it.
    pub wrong: &'static str,
    /// The expected form.
    pub expected: &'static str,
}

fn printable(name: &str) -> String {
    let mut text: String = name.chars().take(MAX_SHOWN_CHARS).flat_map(char::escape_debug).collect();
    if name.chars().nth(MAX_SHOWN_CHARS).is_some() {
        text.push('…');
    }
    text
}

impl RepoName {
    /// The user or organisation, if the name has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.text.split_once('/').map(|(namespace, _)| namespace)
    }

    /// The name without its user or organisation.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.split_once('/').map_or(&self.text, |(_, name)| name)
    }

    /// The full name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the repository holds: a model, unless [`RepoName::of_kind`] says otherwise.
    #[must_use]
    pub fn kind(&self) -> RepoKind {
        self.kind
    }

    /// The repository of this name that holds models or data sets.
    #[must_use]
    pub fn of_kind(self, kind: RepoKind) -> Self {
        Self { kind, ..self }
    }

    /// The path of the repository on the hub: those of data sets begin with `datasets/`.
    pub(crate) fn route(&self) -> String {
        match self.kind {
            RepoKind::Model => self.text.clone(),
            RepoKind::Dataset => format!("datasets/{}", self.text),
        }
    }

    /// Selects a revision: a branch, tag, commit or pull request such as `refs/pr/1`.
    ///
    /// # Errors
    ///
    /// If the revision is not a valid git reference.
    pub fn at(self, revision: &str) -> Result<ModelName, NameError> {
        match revision_error(revision) {
            Some(wrong) => Err(NameError {
                name: format!("{self}@{revision}"),
                wrong,
                expected: "a branch, tag or commit after the `@`, as in user/name@main",
            }),
            None => Ok(ModelName { repo: self, revision: revision.to_owned() }),
        }
    }
}

impl ModelName {
    /// The repository.
    #[must_use]
    pub fn repo(&self) -> &RepoName {
        &self.repo
    }

    /// The same name and revision of a repository of another kind.
    #[must_use]
    pub fn of_kind(self, kind: RepoKind) -> Self {
        Self { repo: self.repo.of_kind(kind), ..self }
    }

    /// The branch, tag or commit; `main` by default.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }
}

impl From<RepoName> for ModelName {
    fn from(repo: RepoName) -> Self {
        Self { repo, revision: DEFAULT_REVISION.to_owned() }
    }
}

impl FromStr for RepoName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split('/').find_map(component_error).or_else(|| name_error(text)) {
            Some(wrong) => Err(NameError { name: text.to_owned(), wrong, expected: "user/name or name" }),
            None => Ok(Self { text: text.to_owned(), kind: RepoKind::Model }),
        }
    }
}

impl FromStr for ModelName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.split_once('@') {
            Some((repo, revision)) => repo.parse::<RepoName>()?.at(revision),
            None => Ok(text.parse::<RepoName>()?.into()),
        }
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.revision == DEFAULT_REVISION {
            return self.repo.fmt(f);
        }
        write!(f, "{}@{}", self.repo, self.revision)
    }
}

fn component_error(part: &str) -> Option<&'static str> {
    if part.is_empty() {
        return Some("a part of it is empty");
    }
    if !part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        return Some("it contains a character other than letters, digits, `-`, `_` and `.`");
    }
    if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
        return Some("a part of it starts or ends with `-` or `.`");
    }
    if part.len() > MAX_CHARS {
        return Some("a part of it is longer than 96 characters");
    }
    None
}

fn name_error(text: &str) -> Option<&'static str> {
    if text.matches('/').count() > 1 {
        return Some("it has more than one `/`");
    }
    // In the cache's folder names, `--` replaces the slash.
    if text.contains("--") || text.contains("..") {
        return Some("it contains `--` or `..`");
    }
    if text.ends_with(".git") {
        return Some("it ends in `.git`");
    }
    None
}

/// Git's rules for references. They also make the revision safe as a path below the cache's `refs`.
fn revision_error(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("the revision is empty");
    }
    if text.len() > MAX_REVISION_CHARS {
        return Some("the revision is longer than 200 characters");
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\@".contains(c)) {
        return Some("the revision contains a character that git does not allow");
    }
    if text.starts_with('-') || text.contains("..") {
        return Some("the revision starts with `-` or contains `..`");
    }
    if text.split('/').any(|part| part.is_empty() || part.starts_with('.') || part.ends_with('.')) {
        return Some("a part of the revision is empty, or starts or ends with `.`");
    }
    if text.ends_with(".lock") {
        return Some("the revision ends in `.lock`");
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn names_with_and_without_user_and_revision() {
        let parse = |text: &str| text.parse::<ModelName>().unwrap();
        assert_eq!(parse("gpt2").repo().namespace(), None);
        assert_eq!(parse("gpt2").repo().name(), "gpt2");
        assert_eq!(parse("gpt2").revision(), "main");
        let full = parse("some-user/a_model.v1@refs/pr/1");
        assert_eq!(full.repo().namespace(), Some("some-user"));
        assert_eq!(full.repo().name(), "a_model.v1");
        assert_eq!(full.revision(), "refs/pr/1");
        assert_eq!(full.to_string(), "some-user/a_model.v1@refs/pr/1");
        assert_eq!(parse("user/name@main").to_string(), "user/name");
        assert_eq!(parse(&format!("user/{}", "n".repeat(96))).repo().name().len(), 96);
    }

    #[test]
    fn invalid_names_are_rejected() {
        let long = format!("user/{}", "n".repeat(97));
        for (text, wrong) in [
            ("", "is empty"),
            ("user/", "is empty"),
            ("/etc", "is empty"),
            ("a/b/c", "more than one `/`"),
            ("us er/name", "a character other than"),
            ("user/näme", "a character other than"),
            ("user/name\n", "a character other than"),
            ("user/-name", "starts or ends with"),
            (".user/name", "starts or ends with"),
            ("user/name.", "starts or ends with"),
            ("user/na--me", "contains `--`"),
            ("user/na..me", "contains `--` or `..`"),
            ("user/name.git", "ends in `.git`"),
            (long.as_str(), "longer than 96"),
            ("user/name@", "revision is empty"),
            ("user/name@a b", "git does not allow"),
            ("user/name@../x", "contains `..`"),
            ("user/name@-x", "starts with `-`"),
            ("user/name@a//b", "part of the revision"),
            ("user/name@/a", "part of the revision"),
            ("user/name@a/.b", "part of the revision"),
            ("user/name@a.lock", "ends in `.lock`"),
            ("user/name@a@b", "git does not allow"),
        ] {
            let error = text.parse::<ModelName>().unwrap_err();
            assert!(error.wrong.contains(wrong), "{text:?}: {error}");
            assert!(error.to_string().contains("expected "), "{error}");
        }
    }
}
