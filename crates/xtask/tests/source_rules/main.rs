//! Rules for the sources: no import cycles between files, no long files, and no dependency on polars without its feature.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod graph;
mod module;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Maximum number of lines in a source file.
const MAX_LINES: usize = 350;
/// Maximum number of lines in an example.
const MAX_EXAMPLE_LINES: usize = 60;
/// Maximum number of lines in all examples together.
const MAX_LINES_OF_ALL_EXAMPLES: usize = 1000;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The Rust files below a folder, without generated ones.
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
fn files_of_a_crate_have_no_import_cycles() {
    let mut cycles = Vec::new();
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap() {
        let source = entry.unwrap().path().join("src");
        cycles.extend(graph::cycles(&source, &rust_files(&source)));
    }
    assert!(cycles.is_empty(), "import cycles between files:\n{}", cycles.join("\n"));
}

#[test]
fn no_source_file_is_long() {
    let mut long = BTreeMap::new();
    for folder in ["crates", "examples", "benches", "tests", "fuzz"] {
        for file in rust_files(&workspace().join(folder)) {
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            if lines > MAX_LINES {
                long.insert(file, lines);
            }
        }
    }
    assert!(long.is_empty(), "files of more than {MAX_LINES} lines: {long:#?}");
}

#[test]
fn examples_are_short() {
    let files = rust_files(&workspace().join("examples"));
    let lines = |file: &PathBuf| std::fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<_> = files.iter().filter(|file| lines(file) > MAX_EXAMPLE_LINES).collect();
    assert!(long.is_empty(), "examples of more than {MAX_EXAMPLE_LINES} lines: {long:#?}");
    let all: usize = files.iter().map(lines).sum();
    assert!(
        all <= MAX_LINES_OF_ALL_EXAMPLES,
        "the examples have {all} lines, expected at most {MAX_LINES_OF_ALL_EXAMPLES}"
    );
}

/// Without the feature `tables`, align-data does not depend on polars.
#[test]
fn polars_is_an_optional_dependency() {
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
