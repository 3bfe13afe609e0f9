//! Running the examples as their users do.

// Every test file takes its part of this module.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> PathBuf {
    // Test binaries stand in target/PROFILE/deps, examples in target/PROFILE/examples.
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --examples`", path.display());
    path
}

/// An example in `dir`, with an empty hub cache and no network.
pub fn command(name: &str, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    command.args(args).current_dir(dir).env("HF_HOME", dir.join("hub")).env("HF_HUB_OFFLINE", "1");
    for variable in ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "HF_TOKEN_PATH", "HUGGINGFACE_HUB_CACHE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs an example in `dir`, with an empty hub cache and no network.
pub fn run(name: &str, dir: &Path, args: &[&str]) -> Output {
    command(name, dir, args).output().unwrap()
}

/// A file or folder of the golden data that the repository keeps.
pub fn kept(name: &str) -> String {
    format!("{}/tests/golden/data/{name}", env!("CARGO_MANIFEST_DIR"))
}
