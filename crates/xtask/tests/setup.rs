//! `cargo xtask setup` through pip: success and failures.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Finished, Sandbox};
use std::fs;
use std::process::Command;

const CPU: &[&str] = &["setup", "--cpu"];

#[test]
fn libtorch_is_installed_once() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    let first = sandbox.run(CPU).assert_success();
    assert!(first.stderr.contains("0.6 GB to download"), "{}", first.stderr);
    sandbox.assert_installed();
    assert_eq!(sandbox.downloads(), ["torch", "nvidia-cuda-runtime", "nvidia-cuda-cupti"]);
    assert!(!sandbox.path("work/.libtorch/__init__.py").exists());

    sandbox.run(CPU).assert_success();
    sandbox.run(&["setup"]).assert_success();
    assert_eq!(sandbox.downloads().len(), 3, "nothing is downloaded again");
}

#[test]
fn without_any_download_tool_the_message_names_packages_to_install() {
    let sandbox = Sandbox::new();
    sandbox.run(CPU).assert_failure(&[
        "no Python 3 with pip was found",
        "apt install python3-pip",
        "LIBTORCH=/absolute/folder",
    ]);
    sandbox.assert_not_installed();
}

#[test]
fn without_a_compiler_nothing_is_downloaded() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.remove_tool("c++");
    sandbox.run(CPU).assert_failure(&["there is no C++ compiler `c++`", "apt install g++"]);
    sandbox.tool("c++", "echo 'probe.cpp:5:10: fatal error: dlfcn.h: No such file' >&2; exit 1");
    sandbox.run(CPU).assert_failure(&["cannot compile a C++17 program", "dlfcn.h", "apt install g++"]);
    assert_eq!(sandbox.downloads().len(), 0);
    sandbox.assert_not_installed();
}

#[test]
fn errors_of_pip_come_with_a_remedy() {
    let sandbox = Sandbox::new();
    for (output, message_parts) in [
        ("WARNING: Retrying (Retry(total=4)) after 'NewConnectionError: refused'", ["not be reached", "PIP_INDEX_URL"]),
        ("ERROR: Could not install: [Errno 28] No space left on device", ["not enough disk space", "free some space"]),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", ["the wrong checksum", "Run this again"]),
        ("no such option: --require-hashes", ["this pip does not support it", "install --upgrade pip"]),
    ] {
        sandbox.pip(&format!("echo \"{output}\" >&2; exit 1"));
        sandbox.run(CPU).assert_failure(&message_parts);
        sandbox.assert_not_installed();
    }
}

#[test]
fn an_invalid_wheel_is_rejected() {
    let sandbox = Sandbox::new();
    sandbox.pip(r#"echo cut > "$dest/torch.whl""#);
    sandbox.run(CPU).assert_failure(&["torch.whl is not a readable zip archive"]);
    sandbox.assert_not_installed();
}

#[test]
fn libraries_that_do_not_load_are_rejected() {
    let sandbox = Sandbox::new();
    let torch = sandbox.torch("torch", 11);
    fs::write(torch.join("lib/libtorch_cpu.so"), "no library").unwrap();
    let finished = Finished::from(sandbox.command(&["setup"]).env("LIBTORCH", &torch).output().unwrap());
    finished.assert_failure(&["this LibTorch does not load", "damaged"]);
    sandbox.assert_not_installed();
}

#[test]
fn another_version_is_rejected_and_the_installed_one_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    sandbox.run(CPU).assert_success();
    let old = sandbox.torch("old", 10);
    let finished = Finished::from(sandbox.command(&["setup"]).env("LIBTORCH", &old).output().unwrap());
    finished.assert_failure(&["is torch 2.10.0; 2.11.0 is needed", "Unset LIBTORCH"]);
    sandbox.assert_installed();

    let new = sandbox.torch("new", 11);
    Finished::from(sandbox.command(&["setup"]).env("LIBTORCH", &new).output().unwrap()).assert_success();
    assert_eq!(sandbox.path("work/.libtorch/lib").canonicalize().unwrap(), new.join("lib").canonicalize().unwrap());
}

#[test]
fn a_killed_set_up_can_be_run_again() {
    let sandbox = Sandbox::new();
    sandbox.pip(r#"echo half > "$dest/torch.whl"; touch "$HERE/downloading"; sleep 60"#);
    let mut child = sandbox.start(CPU);
    sandbox.wait_for("downloading");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!sandbox.path("work/.libtorch").exists());
    let count = fs::read_dir(sandbox.path("work/.libtorch-setup")).unwrap().count();
    assert_eq!(count, 2, "the lock and the work folder");

    sandbox.working_pip();
    sandbox.run(CPU).assert_success();
    sandbox.assert_installed();
}

#[test]
fn ctrl_c_ends_a_set_up_and_leaves_no_files() {
    let sandbox = Sandbox::new();
    sandbox.pip(r#"touch "$HERE/downloading"; exec sleep 60"#);
    let child = sandbox.start(CPU);
    sandbox.wait_for("downloading");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let finished = Finished::from(child.wait_with_output().unwrap());
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    assert!(finished.stderr.contains("interrupted"), "{}", finished.stderr);
    sandbox.assert_not_installed();
}

#[test]
fn a_second_set_up_waits_for_the_first() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    let script = fs::read_to_string(sandbox.path("bin/python3")).unwrap();
    fs::write(sandbox.path("bin/python3"), script.replace("cp \"", "sleep 0.3\ncp \"")).unwrap();
    let both = [sandbox.start(CPU), sandbox.start(CPU)];
    let finished = both.map(|child| Finished::from(child.wait_with_output().unwrap()).assert_success());
    assert!(finished.iter().any(|finished| finished.stderr.contains("another setup is running")));
    assert_eq!(sandbox.downloads().len(), 3);
    sandbox.assert_installed();
}

#[test]
fn with_a_gpu_the_torch_of_python_or_a_download_with_cuda_is_used() {
    let sandbox = Sandbox::new();
    sandbox.tool("nvidia-smi", "echo 'A GPU, 80000 MiB, 580.65.06'");
    sandbox.pip("echo 'ERROR: nothing here' >&2; exit 1");
    sandbox.run(&["setup"]).assert_failure(&["this machine has an NVIDIA GPU", "with CUDA 13", "2.6 GB to download"]);
    sandbox.assert_not_installed();

    let torch = sandbox.torch("torch", 11);
    for library in ["libtorch_cuda.so", "libtorch_cuda_linalg.so"] {
        fs::write(torch.join("lib").join(library), sandbox.library()).unwrap();
    }
    sandbox.tool("python3", &format!("case $1 in -c) echo '{}' ;; *) exit 1 ;; esac", torch.display()));
    let finished = sandbox.run(&["setup"]).assert_success();
    assert!(finished.stderr.contains("no download is needed"), "{}", finished.stderr);
    sandbox.assert_installed();
    assert!(sandbox.path("work/.libtorch/lib/libtorch_cuda.so").is_file());
}

#[test]
fn misspelt_arguments_are_answered_with_a_suggestion() {
    let sandbox = Sandbox::new();
    sandbox.run(&["docter"]).assert_failure(&["did you mean `doctor`?"]);
    sandbox.run(&["setup", "--cuba"]).assert_failure(&["did you mean `--cuda`?"]);
    sandbox.run(&["setup", "--cpu", "--cuda"]).assert_failure(&["contradict"]);
    assert!(sandbox.run(&["setup", "--help"]).assert_success().stdout.contains("--from ZIP"));
    assert!(sandbox.run(&["help", "doctor"]).assert_success().stdout.contains("Exit code"));
}
