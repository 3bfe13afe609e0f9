//! `cargo xtask setup` through pip, in good days and bad ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bench, Ran};
use std::fs;
use std::process::Command;

const CPU: &[&str] = &["setup", "--cpu"];

#[test]
fn it_brings_libtorch_once() {
    let bench = Bench::new();
    bench.good_pip();
    let first = bench.run(CPU).succeeded();
    assert!(first.stderr.contains("0.6 GB to download"), "{}", first.stderr);
    bench.assert_set_up();
    assert_eq!(bench.downloads(), ["torch", "nvidia-cuda-runtime", "nvidia-cuda-cupti"]);
    assert!(!bench.path("work/.libtorch/__init__.py").exists());

    bench.run(CPU).succeeded();
    bench.run(&["setup"]).succeeded();
    assert_eq!(bench.downloads().len(), 3, "nothing is downloaded again");
}

#[test]
fn without_python_or_anything_that_downloads_it_says_what_to_install() {
    let bench = Bench::new();
    bench.run(CPU).failed(&["no Python 3 with pip was found", "apt install python3-pip", "LIBTORCH=/absolute/folder"]);
    bench.assert_not_set_up();
}

#[test]
fn without_a_compiler_nothing_is_downloaded() {
    let bench = Bench::new();
    bench.good_pip();
    bench.without("c++");
    bench.run(CPU).failed(&["there is no C++ compiler `c++`", "apt install g++"]);
    bench.tool("c++", "echo 'probe.cpp:5:10: fatal error: dlfcn.h: No such file' >&2; exit 1");
    bench.run(CPU).failed(&["cannot compile a C++17 program", "dlfcn.h", "apt install g++"]);
    assert_eq!(bench.downloads().len(), 0);
    bench.assert_not_set_up();
}

#[test]
fn what_pip_complains_of_comes_with_its_remedy() {
    let bench = Bench::new();
    for (said, words) in [
        ("WARNING: Retrying (Retry(total=4)) after 'NewConnectionError: refused'", ["not be reached", "PIP_INDEX_URL"]),
        ("ERROR: Could not install: [Errno 28] No space left on device", ["no room for it", "free some space"]),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", ["its checksum is another", "Run this again"]),
        ("no such option: --require-hashes", ["this pip does not know it", "install --upgrade pip"]),
    ] {
        bench.pip(&format!("echo \"{said}\" >&2; exit 1"));
        bench.run(CPU).failed(&words);
        bench.assert_not_set_up();
    }
}

#[test]
fn a_wheel_that_is_none_is_refused() {
    let bench = Bench::new();
    bench.pip(r#"echo cut > "$dest/torch.whl""#);
    bench.run(CPU).failed(&["torch.whl is not a readable zip archive"]);
    bench.assert_not_set_up();
}

#[test]
fn libraries_that_do_not_load_are_refused() {
    let bench = Bench::new();
    let torch = bench.torch("torch", 11);
    fs::write(torch.join("lib/libtorch_cpu.so"), "no library").unwrap();
    let ran = Ran::from(bench.command(&["setup"]).env("LIBTORCH", &torch).output().unwrap());
    ran.failed(&["this LibTorch does not load", "damaged"]);
    bench.assert_not_set_up();
}

#[test]
fn another_version_is_refused_and_what_was_there_stays() {
    let bench = Bench::new();
    bench.good_pip();
    bench.run(CPU).succeeded();
    let old = bench.torch("old", 10);
    let ran = Ran::from(bench.command(&["setup"]).env("LIBTORCH", &old).output().unwrap());
    ran.failed(&["is torch 2.10.0; 2.11.0 is needed", "Unset LIBTORCH"]);
    bench.assert_set_up();

    let new = bench.torch("new", 11);
    Ran::from(bench.command(&["setup"]).env("LIBTORCH", &new).output().unwrap()).succeeded();
    assert_eq!(bench.path("work/.libtorch/lib").canonicalize().unwrap(), new.join("lib").canonicalize().unwrap());
}

#[test]
fn a_killed_set_up_is_simply_run_again() {
    let bench = Bench::new();
    bench.pip(r#"echo half > "$dest/torch.whl"; touch "$HERE/downloading"; sleep 60"#);
    let mut child = bench.start(CPU);
    bench.wait_for("downloading");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!bench.path("work/.libtorch").exists());
    let left = fs::read_dir(bench.path("work/.libtorch-setup")).unwrap().count();
    assert_eq!(left, 2, "the lock and what was half done");

    bench.good_pip();
    bench.run(CPU).succeeded();
    bench.assert_set_up();
}

#[test]
fn ctrl_c_ends_it_and_leaves_nothing() {
    let bench = Bench::new();
    bench.pip(r#"touch "$HERE/downloading"; exec sleep 60"#);
    let child = bench.start(CPU);
    bench.wait_for("downloading");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{}", ran.stderr);
    assert!(ran.stderr.contains("interrupted"), "{}", ran.stderr);
    bench.assert_not_set_up();
}

#[test]
fn of_two_at_once_one_waits() {
    let bench = Bench::new();
    bench.good_pip();
    let script = fs::read_to_string(bench.path("bin/python3")).unwrap();
    fs::write(bench.path("bin/python3"), script.replace("cp \"", "sleep 0.3\ncp \"")).unwrap();
    let both = [bench.start(CPU), bench.start(CPU)];
    let ran = both.map(|child| Ran::from(child.wait_with_output().unwrap()).succeeded());
    assert!(ran.iter().any(|ran| ran.stderr.contains("another set-up is at work here")));
    assert_eq!(bench.downloads().len(), 3);
    bench.assert_set_up();
}

#[test]
fn a_gpu_takes_the_torch_of_python_or_a_download_with_cuda() {
    let bench = Bench::new();
    bench.tool("nvidia-smi", "echo 'A GPU, 80000 MiB, 580.65.06'");
    bench.pip("echo 'ERROR: nothing here' >&2; exit 1");
    bench.run(&["setup"]).failed(&["this machine has an NVIDIA GPU", "with CUDA 13", "2.6 GB to download"]);
    bench.assert_not_set_up();

    let torch = bench.torch("torch", 11);
    for library in ["libtorch_cuda.so", "libtorch_cuda_linalg.so"] {
        fs::write(torch.join("lib").join(library), bench.library()).unwrap();
    }
    bench.tool("python3", &format!("case $1 in -c) echo '{}' ;; *) exit 1 ;; esac", torch.display()));
    let ran = bench.run(&["setup"]).succeeded();
    assert!(ran.stderr.contains("no download is needed"), "{}", ran.stderr);
    bench.assert_set_up();
    assert!(bench.path("work/.libtorch/lib/libtorch_cuda.so").is_file());
}

#[test]
fn a_misspelled_word_is_answered_with_the_right_one() {
    let bench = Bench::new();
    bench.run(&["docter"]).failed(&["did you mean `doctor`?"]);
    bench.run(&["setup", "--cuba"]).failed(&["did you mean `--cuda`?"]);
    bench.run(&["setup", "--cpu", "--cuda"]).failed(&["contradict"]);
    assert!(bench.run(&["setup", "--help"]).succeeded().stdout.contains("--from ZIP"));
    assert!(bench.run(&["help", "doctor"]).succeeded().stdout.contains("Exit code"));
}
