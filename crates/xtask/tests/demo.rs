//! `cargo xtask demo`: compiling begins while LibTorch is downloaded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Finished, Sandbox};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// A fake cargo that records its subcommand, and whether LibTorch is installed.
const CARGO: &str = r#"
[ -e "$HERE/work/.libtorch" ] && state=installed || state=missing
echo "$1 $state" >> "$HERE/runs_of_cargo"
"#;

#[test]
fn the_example_is_compiled_during_the_download_and_run_after_it() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.tool("cargo", CARGO);
    sandbox.run(&["demo"]).assert_success();
    sandbox.run(&["demo"]).assert_success();
    let runs = fs::read_to_string(sandbox.path("runs_of_cargo")).unwrap();
    assert_eq!(runs, "build missing\nrun installed\nrun installed\n");
}

#[test]
fn a_failed_download_stops_the_build() {
    let sandbox = Sandbox::new();
    sandbox.pip("exit 1");
    sandbox.tool("cargo", &format!("{CARGO}exec sleep 300"));
    let begin = Instant::now();
    let finished = sandbox.run(&["demo"]);
    assert!(finished.code == Some(1) && begin.elapsed() < Duration::from_secs(60), "{}", finished.stderr);
    assert!(!fs::read_to_string(sandbox.path("runs_of_cargo")).unwrap_or_default().contains("run"));
}

#[test]
fn ctrl_c_stops_the_build_and_nothing_is_run() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.tool("cargo", &format!("{CARGO}exec sleep 300"));
    let child = sandbox.start(&["demo"]);
    sandbox.wait_for("work/.libtorch");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let finished = Finished::from(child.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    assert!(finished.stderr.contains("Run the command again"), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(sandbox.path("runs_of_cargo")).unwrap(), "build missing\n");
    sandbox.assert_installed();
}
