//! Running the examples as their users do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> PathBuf {
    // Test binaries stand in target/PROFILE/deps, examples in target/PROFILE/examples.
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --examples`", path.display());
    path
}

/// Runs an example in `dir`, with an empty cache and no network.
pub fn run(name: &str, dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(example(name));
    command.args(args).current_dir(dir).env("HF_HOME", dir.join("hub")).env("HF_HUB_OFFLINE", "1");
    command.output().unwrap()
}

/// A file or folder of the golden data that the repository keeps.
pub fn kept(name: &str) -> String {
    format!("{}/tests/golden/data/{name}", env!("CARGO_MANIFEST_DIR"))
}
