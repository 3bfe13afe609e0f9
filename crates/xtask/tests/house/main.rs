//! How the sources lie: no circles of files, no long files, and no data frames where nobody asked for them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod graph;
mod module;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Most lines of a source file.
const LINES: usize = 350;
/// Most lines of an example, and of all together.
const EXAMPLE_LINES: usize = 60;
const ALL_EXAMPLES_LINES: usize = 1000;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The Rust files under a folder, generated ones left out.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap() {
        let source = entry.unwrap().path().join("src");
        circles.extend(graph::circles(&source, &rust_files(&source)));
    }
    assert!(circles.is_empty(), "files that use each other in a circle:\n{}", circles.join("\n"));
}

#[test]
fn no_source_file_is_long() {
    let mut long = BTreeMap::new();
    for folder in ["crates", "examples", "benches", "tests", "fuzz"] {
        for file in rust_files(&workspace().join(folder)) {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > LINES {
                long.insert(file, lines);
            }
        }
    }
    assert!(long.is_empty(), "files of more than {LINES} lines: {long:#?}");
}

#[test]
fn examples_are_short() {
    let files = rust_files(&workspace().join("examples"));
    let lines = |file: &PathBuf| std::fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<_> = files.iter().filter(|file| lines(file) > EXAMPLE_LINES).collect();
    assert!(long.is_empty(), "examples of more than {EXAMPLE_LINES} lines: {long:#?}");
    let all: usize = files.iter().map(lines).sum();
    assert!(all <= ALL_EXAMPLES_LINES, "{all} lines of examples, expected at most {ALL_EXAMPLES_LINES}");
}

/// Rows of text need neither polars nor what it stands on.
#[test]
fn tables_of_text_build_without_polars() {
    let tree = |features: &[&str]| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let arguments =
            ["tree", "--offline", "--locked", "--edges", "no-dev", "--prefix", "none", "--package", "align-data"];
        let output = Command::new(cargo).args(arguments).args(features).current_dir(workspace()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!tree(&[]).contains("polars"));
    assert!(tree(&["--features", "tables"]).contains("polars"));
}
