//! `cargo xtask setup --from`: LibTorch's own zip as the source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Bench, torch_files, write_zip};
use std::fs;

/// Writes a zip laid out as the official one.
fn zip(bench: &Bench, minor: u32) -> String {
    let mut entries = torch_files("libtorch", minor, &bench.library());
    entries.push(("libtorch/build-version".into(), b"2.11.0+cpu".to_vec()));
    entries.push(("libtorch/lib/libgomp-24e2ab19.so.1".into(), bench.library()));
    let file = bench.path("libtorch.zip");
    write_zip(&file, &entries);
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_file_is_unpacked_whole() {
    let bench = Bench::new();
    let file = zip(&bench, 11);
    bench.run(&["setup", "--from", &file]).succeeded();
    bench.assert_set_up();
    assert!(bench.path("work/.libtorch/lib/libgomp-24e2ab19.so.1").is_file());
    assert!(!bench.path("work/.libtorch/build-version").exists());
    // What was set up so stays, and serves.
    fs::remove_file(&file).unwrap();
    bench.run(&["setup"]).succeeded();
}

#[test]
fn bad_files_are_refused_and_what_was_there_stays() {
    let bench = Bench::new();
    let file = zip(&bench, 11);
    bench.run(&["setup", "--from", &file]).succeeded();
    let bad = bench.path("bad.zip");
    let bad = bad.to_str().unwrap();

    let bytes = fs::read(&file).unwrap();
    fs::write(bad, &bytes[..bytes.len() / 2]).unwrap();
    bench.run(&["setup", "--from", bad]).failed(&["bad.zip cannot be used", "cut short", "such as https://"]);

    write_zip(bad.as_ref(), &[("something/else".into(), Vec::new())]);
    bench.run(&["setup", "--from", bad]).failed(&["it has no libtorch/lib/libtorch_cpu.so"]);

    let mut changed = bytes.clone();
    let data = changed.windows(8).position(|w| w == b"Context.").unwrap() + 40;
    let end = changed.len() / 3;
    changed[data..end].iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(bad, changed).unwrap();
    bench.run(&["setup", "--from", bad]).failed(&["bad.zip"]);

    fs::rename(zip(&bench, 10), bad).unwrap();
    bench.run(&["setup", "--from", bad]).failed(&["torch 2.10.0; 2.11.0 is needed", "The official zip is https://"]);
    bench.assert_set_up();
}

#[test]
fn without_pip_it_is_downloaded_by_itself() {
    let bench = Bench::new();
    zip(&bench, 11);
    let script = r#"while [ $# -gt 1 ]; do [ "$1" = --output ] && output=$2; shift; done
echo "$1" > "$HERE/url"; cp "$HERE/libtorch.zip" "$output""#;
    bench.tool("curl", script);
    let ran = bench.run(&["setup", "--cpu"]).succeeded();
    assert!(ran.stderr.contains("no Python 3 with pip is here"), "{}", ran.stderr);
    let url = fs::read_to_string(bench.path("url")).unwrap();
    assert!(url.ends_with("cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip\n"), "{url}");
    bench.assert_set_up();
}

#[test]
fn a_download_that_fails_says_what_else_there_is() {
    let bench = Bench::new();
    bench.tool("curl", "echo 'curl: (6) Could not resolve host: host' >&2; exit 6");
    let from = ["setup", "--from", "https://host/libtorch.zip"];
    bench.run(&from).failed(&["curl could not download", "Could not resolve host", "--from FILE.zip"]);
    bench.tool("curl", "echo 'curl: (23) Failure writing output to destination' >&2; exit 23");
    bench.run(&from).failed(&["The disk is full"]);
    bench.run(&["setup", "--cpu"]).failed(&["The disk is full", "apt install python3-pip"]);
    bench.without("curl");
    bench.run(&from).failed(&["nothing here can download"]);
    bench.assert_not_set_up();
}
