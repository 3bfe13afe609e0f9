//! Checks that every command other than `align` is run by a test or by a CI step.

use crate::support::repository;
use std::path::{Path, PathBuf};

/// The test or CI step that runs a command.
enum RunBy {
    /// A step of `.ci/run` that contains this text.
    Ci(&'static str),
    /// The tests in this file.
    Test(&'static str),
    /// The test of this example.
    Example(&'static str),
}

use RunBy::{Ci, Example, Test};

/// The known commands.
const RUN_BY: &[(&str, RunBy)] = &[
    ("cargo xtask demo", Example("dpo_hinge")),
    ("cargo xtask test", Ci("cargo xtask test")),
    ("cargo xtask doctor", Test("crates/xtask/tests/doctor.rs")),
    ("cargo xtask help", Test("crates/xtask/tests/standard_output.rs")),
    ("cargo xtask setup", Test("crates/xtask/tests/setup.rs")),
    ("cargo xtask setup --cpu", Test("crates/xtask/tests/setup.rs")),
    ("cargo xtask setup --cuda", Test("crates/xtask/tests/setup.rs")),
    ("cargo xtask downstream", Ci("cargo xtask downstream")),
    ("cargo xtask package", Ci("cargo xtask package")),
    ("eval \"$(cargo xtask env)\"", Test("crates/xtask/src/shell_env.rs")),
    ("cargo test --workspace", Ci("cargo xtask test")),
    ("cargo build --workspace", Ci("cargo xtask test")),
    ("cargo fmt --all --check", Ci("cargo fmt --all --check")),
    (
        "cargo clippy --workspace --all-targets -- -D warnings",
        Ci("cargo clippy --workspace --all-targets -- -D warnings"),
    ),
    ("cargo doc --workspace --no-deps", Ci("cargo doc --workspace --no-deps")),
    ("cargo doc --workspace --no-deps --open", Ci("cargo doc --workspace --no-deps")),
    ("cargo doc -p align --open", Ci("cargo doc --workspace --no-deps")),
    ("cargo doc -p align-losses --open", Ci("cargo doc --workspace --no-deps")),
    ("cargo install --path crates/align-cli", Test("crates/align-cli/tests/docs/installed.rs")),
    ("cargo run -p align-cli --", Test("crates/align-cli/tests/docs/main.rs")),
    ("cargo run --release -p align-fuzz -- --count 10000000", Test("fuzz/tests/bounded.rs")),
    // In the reader's own project, which `cargo xtask downstream` runs.
    ("cargo run", Ci("cargo xtask downstream")),
];

/// Fails unless a test or a CI step runs the command.
pub fn check(page: &str, command: &str) {
    if let Some((_, by)) = RUN_BY.iter().find(|(known, _)| *known == command) {
        match by {
            Ci(step) => assert!(read(".ci/run").contains(step), "{page}: .ci/run has no `{step}`"),
            Test(file) => assert!(read(file).contains("#[test]"), "{page}: {file} has no tests"),
            Example(name) => assert!(is_tested_example(name), "{page}: no test runs the example {name}"),
        }
        return;
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    let after = |option: &str| words.iter().position(|word| *word == option).and_then(|at| words.get(at + 1)).copied();
    let known = match words.get(..2) {
        Some(["cargo", "test"]) => after("--test").is_some_and(is_test),
        Some(["cargo", "bench"]) => after("--bench").is_some_and(is_bench),
        Some(["cargo", "run"]) => after("--example").is_some_and(is_tested_example),
        _ => false,
    };
    assert!(known, "{page}: no test and no CI step runs `{command}`; add one, and list it in other_commands.rs");
}

/// A test target of the workspace, which `cargo xtask test` runs.
fn is_test(name: &str) -> bool {
    files("rs").iter().any(|path| {
        path.components().any(|part| part.as_os_str() == "tests")
            && (path.file_stem().is_some_and(|stem| stem == name) || path.ends_with(Path::new(name).join("main.rs")))
    })
}

/// A benchmark of the workspace, which clippy compiles.
fn is_bench(name: &str) -> bool {
    let declared = format!("[[bench]]\nname = \"{name}\"");
    files("toml").iter().any(|path| std::fs::read_to_string(path).unwrap().contains(&declared))
}

/// An example that `tests/examples.rs` runs.
fn is_tested_example(name: &str) -> bool {
    let listed = format!("(\"{name}\",");
    let is_list = |path: &PathBuf| path.file_name().is_some_and(|file| file == "examples.rs");
    files("rs").iter().filter(|path| is_list(path)).any(|path| std::fs::read_to_string(path).unwrap().contains(&listed))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap()
}

/// All files of the repository with this extension.
fn files(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> =
        ["crates", "tests", "benches", "fuzz", "examples"].map(|name| repository().join(name)).to_vec();
    if extension == "toml" {
        found.push(repository().join("Cargo.toml"));
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found
}

#[test]
#[should_panic(expected = "no test and no CI step runs `cargo test --test no_such_test`")]
fn unknown_commands_fail() {
    check("a page", "cargo test --test no_such_test");
}
