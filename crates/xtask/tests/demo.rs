//! `cargo xtask demo`: compiling begins while LibTorch is downloaded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::Sandbox;
use std::fs;
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
