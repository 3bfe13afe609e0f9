//! `cargo xtask doctor` on machines that have all, and on one that has nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bench, Ran};
use std::fs;

/// The lines of a finding, by its grade and topic.
#[track_caller]
fn finding(ran: &Ran, grade: &str, topic: &str) -> String {
    let start = format!("  {grade:<7} {topic:<15} ");
    let mut lines = ran.stdout.lines().skip_while(|line| !line.starts_with(&start));
    let first = lines.next().unwrap_or_else(|| panic!("no {grade} {topic} in:\n{}", ran.stdout));
    let more = lines.take_while(|line| line.starts_with("                          "));
    [first].into_iter().chain(more).map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn where_all_is_there_it_says_so() {
    let bench = Bench::new();
    bench.good_pip();
    bench.run(&["setup", "--cpu"]).succeeded();
    let ran = bench.run(&["doctor"]).succeeded();
    for topic in ["Rust", "C++ compiler", "Python with pip", "LibTorch", "loads", "system", "disk", "hub cache"] {
        finding(&ran, "ok", topic);
    }
    assert!(finding(&ran, "ok", "LibTorch").contains("2.11.0, CPU half only"));
    assert!(ran.stdout.contains("All that is necessary is there."));
    assert!(!ran.stdout.contains('\x1b'), "no colours where nobody looks");
}

#[test]
fn what_is_missing_comes_with_its_remedy_and_nothing_is_changed() {
    let bench = Bench::new();
    for tool in ["c++", "rustc"] {
        bench.without(tool);
    }
    let ran = bench.run(&["doctor"]);
    assert_eq!(ran.code, Some(1));
    for (topic, remedy) in [
        ("Rust", "-> rustup update stable"),
        ("C++ compiler", "-> Install GCC 9 or newer"),
        ("Python with pip", "-> apt install python3-pip"),
        ("LibTorch", "-> cargo xtask setup"),
    ] {
        let text = finding(&ran, "MISSING", topic);
        assert!(text.contains(remedy), "{text}");
    }
    assert!(ran.stdout.contains("4 things are missing"), "{}", ran.stdout);
    assert_eq!(fs::read_dir(bench.path("work")).unwrap().count(), 1, "only crates/");
    assert_eq!(fs::read_dir(bench.path("tmp")).unwrap().count(), 0);
}

#[test]
fn an_old_rust_and_a_broken_libtorch_are_missing() {
    let bench = Bench::new();
    bench.good_pip();
    bench.run(&["setup", "--cpu"]).succeeded();
    fs::write(bench.path("work/.libtorch/lib/libc10.so"), "damaged").unwrap();
    bench.tool("rustc", "echo 'rustc 1.70.0 (fake)'");
    let ran = bench.run(&["doctor"]);
    assert_eq!(ran.code, Some(1));
    assert!(finding(&ran, "MISSING", "Rust").contains("rustc 1.70.0"));
    assert!(finding(&ran, "MISSING", "loads").contains("-> "));
}

#[test]
fn a_gpu_without_cuda_or_with_an_old_driver_is_noted() {
    let bench = Bench::new();
    bench.good_pip();
    bench.run(&["setup", "--cpu"]).succeeded();
    bench.tool("nvidia-smi", "echo 'A GPU, 80000 MiB, 550.54.15'");
    let ran = bench.run(&["doctor"]).succeeded();
    let without_cuda = ran.stdout.split("\nGPU\n").nth(1).unwrap();
    assert!(without_cuda.contains("has no CUDA half") && without_cuda.contains("-> cargo xtask setup --cuda"));
    // The driver that the kernel has loaded counts for more than what our nvidia-smi says.
    if !std::path::Path::new("/proc/driver/nvidia/version").exists() {
        assert!(finding(&ran, "note", "driver").contains("550.54.15, and CUDA 13 needs 580"));
    }
}

#[test]
fn variables_in_the_way_and_an_interrupted_set_up_are_noted() {
    let bench = Bench::new();
    bench.good_pip();
    bench.run(&["setup", "--cpu"]).succeeded();
    let left = bench.path("work/.libtorch-setup/work-1");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("half.whl"), vec![0; 200_000]).unwrap();
    let old = bench.torch("old", 10);
    let mut command = bench.command(&["doctor"]);
    command.env("RUSTFLAGS", "-Copt-level=3").env("LD_LIBRARY_PATH", old.join("lib"));
    command.env("HF_TOKEN", "hf_secret").env("HF_HUB_OFFLINE", "1");
    let ran = Ran::from(command.output().unwrap()).succeeded();
    assert!(
        finding(&ran, "note", "set-up").contains("an interrupted one left 0.1 GB") || ran.stdout.contains("0.3 GB")
    );
    assert!(finding(&ran, "note", "flags").contains("RUSTFLAGS is set"));
    assert!(finding(&ran, "note", "libraries").contains("LD_LIBRARY_PATH puts the torch of"));
    assert!(finding(&ran, "note", "hub").contains("offline"));
    assert!(!ran.stdout.contains("hf_secret"));
    assert!(left.exists(), "the doctor changes nothing");
}

#[test]
fn a_libtorch_of_ones_own_that_does_not_serve_is_named() {
    let bench = Bench::new();
    let old = bench.torch("old", 10);
    let ran = Ran::from(bench.command(&["doctor"]).env("LIBTORCH", &old).output().unwrap());
    assert_eq!(ran.code, Some(1));
    assert!(finding(&ran, "MISSING", "LibTorch").contains("is torch 2.10.0; 2.11.0 is needed"));
    let ran = Ran::from(bench.command(&["doctor"]).env("LIBTORCH", "relative").output().unwrap());
    assert!(finding(&ran, "MISSING", "LibTorch").contains("LIBTORCH=/"), "{}", ran.stdout);
}
