//! `cargo install` copies the program to another folder, where it must find LibTorch.

use crate::support::repository;
use std::process::Command;

#[test]
fn the_program_runs_from_another_folder() {
    let target = repository().join("target");
    let folder = tempfile::tempdir_in(&target).unwrap();
    let program = folder.path().join("align");
    if std::fs::hard_link(env!("CARGO_BIN_EXE_align"), &program).is_err() {
        std::fs::copy(env!("CARGO_BIN_EXE_align"), &program).unwrap();
    }
    let mut command = Command::new(&program);
    let output = command.arg("--version").env_remove("LD_LIBRARY_PATH").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
