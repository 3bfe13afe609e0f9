//! Rules for the sources: no import cycles between files, no long files, and no large dependencies where they are not used.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod graph;
mod module;

use std::collections::{BTreeMap, BTreeSet};
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

/// The names of the packages that a package is built from, without those of its tests.
fn dependencies(package: &str, features: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--offline", "--locked", "--edges", "no-dev", "--prefix", "none", "--package", package];
    let output = Command::new(cargo).args(arguments).args(features).current_dir(workspace()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// Without the feature `tables`, align-data does not depend on polars.
#[test]
fn polars_is_an_optional_dependency() {
    assert!(!dependencies("align-data", &[]).contains("polars"));
    assert!(dependencies("align-data", &["--features", "tables"]).contains("polars"));
}

/// The examples, with which a newcomer starts, are built without the dependencies that take the longest.
#[test]
fn the_examples_do_not_depend_on_large_crates() {
    let all = dependencies("align-examples", &[]);
    assert!(all.contains("align-frontier") && all.contains("tokenizers"), "{all:?}");
    for large in ["polars", "polars-parquet", "resvg", "png", "criterion"] {
        assert!(!all.contains(large), "{large}");
        assert!(dependencies("align-cli", &[]).contains(large) || large == "criterion", "{large} is not used any more");
    }
}
