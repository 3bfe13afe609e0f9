//! `cargo xtask doctor` on machines with and without the required tools.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Finished, Sandbox};
use std::fs;

/// The text of a finding with this grade and topic.
#[track_caller]
fn finding(finished: &Finished, grade: &str, topic: &str) -> String {
    let start = format!("  {grade:<7} {topic:<15} ");
    let mut lines = finished.stdout.lines().skip_while(|line| !line.starts_with(&start));
    let first = lines.next().unwrap_or_else(|| panic!("no {grade} {topic} in:\n{}", finished.stdout));
    let more = lines.take_while(|line| line.starts_with("                          "));
    [first].into_iter().chain(more).map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_complete_machine_has_no_problems() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(&["setup", "--cpu"]).assert_success();
    let finished = sandbox.run(&["doctor"]).assert_success();
    for topic in ["Rust", "C++ compiler", "Python with pip", "LibTorch", "loads", "system", "disk", "hub cache"] {
        finding(&finished, "ok", topic);
    }
    assert!(finding(&finished, "ok", "LibTorch").contains("2.11.0, CPU only"));
    assert!(finished.stdout.contains("Nothing necessary is missing."));
    assert!(!finished.stdout.contains('\x1b'), "colours are only for terminals");
}

#[test]
fn missing_tools_are_listed_with_remedies_and_nothing_is_changed() {
    let sandbox = Sandbox::new();
    for tool in ["c++", "rustc"] {
        sandbox.remove_tool(tool);
    }
    let finished = sandbox.run(&["doctor"]);
    assert_eq!(finished.code, Some(1));
    for (topic, remedy) in [
        ("Rust", "-> rustup update stable"),
        ("C++ compiler", "-> Install GCC 9 or newer"),
        ("Python with pip", "-> apt install python3-pip"),
        ("LibTorch", "-> cargo xtask setup"),
    ] {
        let text = finding(&finished, "MISSING", topic);
        assert!(text.contains(remedy), "{text}");
    }
    assert!(finished.stdout.contains("4 things are missing"), "{}", finished.stdout);
    assert_eq!(fs::read_dir(sandbox.path("work")).unwrap().count(), 1, "only crates/");
    assert_eq!(fs::read_dir(sandbox.path("tmp")).unwrap().count(), 0);
}

#[test]
fn an_old_rust_and_a_broken_libtorch_are_missing() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(&["setup", "--cpu"]).assert_success();
    fs::write(sandbox.path("work/.libtorch/lib/libc10.so"), "damaged").unwrap();
    sandbox.tool("rustc", "echo 'rustc 1.70.0 (fake)'");
    let finished = sandbox.run(&["doctor"]);
    assert_eq!(finished.code, Some(1));
    assert!(finding(&finished, "MISSING", "Rust").contains("rustc 1.70.0"));
    assert!(finding(&finished, "MISSING", "loads").contains("-> "));
}

#[test]
fn a_gpu_without_cuda_or_with_an_old_driver_is_noted() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(&["setup", "--cpu"]).assert_success();
    sandbox.tool("nvidia-smi", "echo 'A GPU, 80000 MiB, 550.54.15'");
    let finished = sandbox.run(&["doctor"]).assert_success();
    let without_cuda = finished.stdout.split("\nGPU\n").nth(1).unwrap();
    assert!(without_cuda.contains("has no CUDA libraries") && without_cuda.contains("-> cargo xtask setup --cuda"));
    // The kernel's driver takes precedence over that of nvidia-smi, which is a fake here.
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        assert!(finding(&finished, "note", "driver").contains("550.54.15, but CUDA 13 needs 580"));
    }
}

#[test]
fn interfering_variables_and_an_interrupted_set_up_are_noted() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(&["setup", "--cpu"]).assert_success();
    let leftover = sandbox.path("work/.libtorch-setup/work-1");
    fs::create_dir(&leftover).unwrap();
    fs::write(leftover.join("half.whl"), vec![0; 200_000]).unwrap();
    let old = sandbox.torch("old", 10);
    let mut command = sandbox.command(&["doctor"]);
    command.env("RUSTFLAGS", "-Copt-level=3").env("LD_LIBRARY_PATH", old.join("lib"));
    command.env("HF_TOKEN", "hf_secret").env("HF_HUB_OFFLINE", "1");
    let finished = Finished::from(command.output().unwrap()).assert_success();
    assert!(
        finding(&finished, "note", "setup").contains("an interrupted setup left 0.1 GB")
            || finished.stdout.contains("0.3 GB")
    );
    assert!(finding(&finished, "note", "flags").contains("RUSTFLAGS is set"));
    assert!(finding(&finished, "note", "libraries").contains("LD_LIBRARY_PATH puts the torch of"));
    assert!(finding(&finished, "note", "hub").contains("offline"));
    assert!(!finished.stdout.contains("hf_secret"));
    assert!(leftover.exists(), "the doctor changes nothing");
}

#[test]
fn an_unusable_existing_libtorch_is_reported() {
    let sandbox = Sandbox::new();
    let old = sandbox.torch("old", 10);
    let finished = Finished::from(sandbox.command(&["doctor"]).env("LIBTORCH", &old).output().unwrap());
    assert_eq!(finished.code, Some(1));
    assert!(finding(&finished, "MISSING", "LibTorch").contains("is torch 2.10.0; 2.11.0 is needed"));
    let finished = Finished::from(sandbox.command(&["doctor"]).env("LIBTORCH", "relative").output().unwrap());
    assert!(finding(&finished, "MISSING", "LibTorch").contains("LIBTORCH=/"), "{}", finished.stdout);
}

#[test]
fn a_hub_that_cannot_be_reached_is_noted() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(&["setup", "--cpu"]).assert_success();
    sandbox.tool("curl", "echo 'curl: (6) Could not resolve host: huggingface.co' >&2; exit 6");
    let finished = sandbox.run(&["doctor"]).assert_success();
    let text = finding(&finished, "note", "hub");
    for part in [
        "huggingface.co not reachable: curl: (6) Could not resolve host",
        "(only needed for models from the hub)",
        "-> ",
    ] {
        assert!(text.contains(part), "{text}");
    }
    sandbox.tool("curl", "echo 'HTTP/2 200'");
    let finished = sandbox.run(&["doctor"]).assert_success();
    assert_eq!(finding(&finished, "ok", "hub"), "ok      hub             https://huggingface.co");
}
