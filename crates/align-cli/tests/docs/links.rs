//! Checks that the files and headings exist to which relative links in Markdown files refer.

use crate::support::repository;
use std::path::{Path, PathBuf};

/// The Markdown files whose links are checked.
fn files() -> Vec<PathBuf> {
    let root = repository();
    let mut found: Vec<PathBuf> = ["README.md", "DESIGN.md", "CHANGELOG.md"].map(|name| root.join(name)).to_vec();
    let mut folders: Vec<PathBuf> =
        ["docs", "crates", "benches", "models", "fuzz", "tests"].map(|name| root.join(name)).to_vec();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found
}

/// The targets of the links in a text.
fn targets(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// A heading's anchor as GitHub makes it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let characters = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    characters.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn has_anchor(file: &Path, wanted: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == wanted)
}

#[test]
fn relative_links_resolve() {
    for file in files() {
        let text = std::fs::read_to_string(&file).unwrap();
        // rustdoc checks its own links.
        for target in targets(&text).into_iter().filter(|target| !target.contains("::") && !target.contains(' ')) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let linked = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            assert!(linked.exists(), "{}: the target of the link {target} does not exist", file.display());
            let exists = heading.is_empty() || has_anchor(&linked, heading);
            assert!(exists, "{}: the heading of the link {target} does not exist", file.display());
        }
    }
}
