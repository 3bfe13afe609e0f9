//! `cargo xtask setup --from`: LibTorch's own zip as the source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Sandbox, torch_files, write_zip};
use std::fs;

/// Writes a zip with the layout of the official one.
fn zip(sandbox: &Sandbox, minor: u32) -> String {
    let mut entries = torch_files("libtorch", minor, &sandbox.library());
    entries.push(("libtorch/build-version".into(), b"2.11.0+cpu".to_vec()));
    entries.push(("libtorch/lib/libgomp-24e2ab19.so.1".into(), sandbox.library()));
    let file = sandbox.path("libtorch.zip");
    write_zip(&file, &entries);
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_zip_file_is_unpacked() {
    let sandbox = Sandbox::new();
    let file = zip(&sandbox, 11);
    sandbox.run(&["setup", "--from", &file]).assert_success();
    sandbox.assert_installed();
    assert!(sandbox.path("work/.libtorch/lib/libgomp-24e2ab19.so.1").is_file());
    assert!(!sandbox.path("work/.libtorch/build-version").exists());
    // The installed LibTorch is kept and stays usable.
    fs::remove_file(&file).unwrap();
    sandbox.run(&["setup"]).assert_success();
}

#[test]
fn invalid_zips_are_rejected_and_the_installed_libtorch_is_kept() {
    let sandbox = Sandbox::new();
    let file = zip(&sandbox, 11);
    sandbox.run(&["setup", "--from", &file]).assert_success();
    let bad = sandbox.path("bad.zip");
    let bad = bad.to_str().unwrap();

    let bytes = fs::read(&file).unwrap();
    fs::write(bad, &bytes[..bytes.len() / 2]).unwrap();
    sandbox.run(&["setup", "--from", bad]).assert_failure(&["bad.zip cannot be used", "truncated", "such as https://"]);

    write_zip(bad.as_ref(), &[("something/else".into(), Vec::new())]);
    sandbox.run(&["setup", "--from", bad]).assert_failure(&["it has no libtorch/lib/libtorch_cpu.so"]);

    let mut changed = bytes.clone();
    let data = changed.windows(8).position(|w| w == b"Context.").unwrap() + 40;
    let end = changed.len() / 3;
    changed[data..end].iter_mut().for_each(|byte| *byte ^= 1);
    fs::write(bad, changed).unwrap();
    sandbox.run(&["setup", "--from", bad]).assert_failure(&["bad.zip"]);

    fs::rename(zip(&sandbox, 10), bad).unwrap();
    sandbox
        .run(&["setup", "--from", bad])
        .assert_failure(&["torch 2.10.0; 2.11.0 is needed", "The official zip is https://"]);
    sandbox.assert_installed();
}

#[test]
fn without_pip_the_official_zip_is_downloaded() {
    let sandbox = Sandbox::new();
    zip(&sandbox, 11);
    let script = r#"while [ $# -gt 1 ]; do [ "$1" = --output ] && output=$2; shift; done
echo "$1" > "$HERE/url"; cp "$HERE/libtorch.zip" "$output""#;
    sandbox.tool("curl", script);
    let finished = sandbox.run(&["setup", "--cpu"]).assert_success();
    assert!(finished.stderr.contains("no Python 3 with pip was found"), "{}", finished.stderr);
    let url = fs::read_to_string(sandbox.path("url")).unwrap();
    assert!(url.ends_with("cpu/libtorch-shared-with-deps-2.11.0%2Bcpu.zip\n"), "{url}");
    sandbox.assert_installed();
}

#[test]
fn a_failed_download_comes_with_alternatives() {
    let sandbox = Sandbox::new();
    sandbox.tool("curl", "echo 'curl: (6) Could not resolve host: host' >&2; exit 6");
    let from = ["setup", "--from", "https://host/libtorch.zip"];
    sandbox.run(&from).assert_failure(&["curl could not download", "Could not resolve host", "--from FILE.zip"]);
    sandbox.tool("curl", "echo 'curl: (23) Failure writing output to destination' >&2; exit 23");
    sandbox.run(&from).assert_failure(&["The disk is full"]);
    sandbox.run(&["setup", "--cpu"]).assert_failure(&["The disk is full", "apt install python3-pip"]);
    sandbox.remove_tool("curl");
    sandbox.run(&from).assert_failure(&["cannot download: curl"]);
    sandbox.assert_not_installed();
}
