//! Full and read-only disks, simulated with small file systems in memory. The tests are skipped where none can be mounted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{Finished, Sandbox};
use std::process::Command;

/// Runs `xtask setup --cpu` with the workspace on a file system with these mount options. `None` if it cannot be mounted.
fn set_up_on(sandbox: &Sandbox, options: &str, before_set_up: &str) -> Option<Finished> {
    let work = sandbox.path("work");
    let mount = format!("mount -t tmpfs -o {options} none '{}'", work.display());
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        let user = if is_root() { "-m" } else { "-rm" };
        command.args([user, "sh", "-ec", script]);
        command
    };
    if !unshare(&mount).output().is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no file system can be mounted here (`unshare`, `{mount}`)");
        return None;
    }
    let script = format!(
        "{mount}; mkdir -p '{work}/crates/xtask'; {before_set_up}\n\
         code=0; env -i PATH='{bin}' HOME=/ TMPDIR='{tmp}' CARGO_MANIFEST_DIR='{work}/crates/xtask' \
         '{xtask}' setup --cpu || code=$?\n\
         for left in '{work}'/.libtorch '{work}'/.libtorch-setup/work-*; do [ ! -e \"$left\" ] || echo \"left $left\"; done\n\
         exit $code",
        work = work.display(),
        bin = sandbox.path("bin").display(),
        tmp = sandbox.path("tmp").display(),
        xtask = env!("CARGO_BIN_EXE_xtask"),
    );
    Some(Finished::from(unshare(&script).output().unwrap()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

#[test]
fn too_little_disk_space_is_detected_before_the_download() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    let Some(finished) = set_up_on(&sandbox, "size=300m", "") else { return };
    let finished = finished.assert_failure(&["0.3 GB free, but the setup needs 1.2 GB", "Free some space"]);
    assert_eq!(finished.stdout, "", "something is left");
    assert_eq!(sandbox.downloads().len(), 0);
}

#[test]
fn a_disk_that_becomes_full_leaves_no_partial_files() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    // Enough gigabytes, but only a few inodes: they run out while unpacking.
    let Some(finished) = set_up_on(&sandbox, "size=4g,nr_inodes=25", "") else { return };
    let finished =
        finished.assert_failure(&["No space left on device", "The disk is full. No existing file has changed"]);
    assert_eq!(finished.stdout, "", "something is left");
    assert_eq!(sandbox.downloads(), ["torch"]);
}

#[test]
fn a_read_only_folder_is_named() {
    let sandbox = Sandbox::new();
    sandbox.working_pip();
    let remount = format!("mount -o remount,ro '{}'", sandbox.path("work").display());
    let Some(finished) = set_up_on(&sandbox, "size=4g", &remount) else { return };
    finished.assert_failure(&["cannot create", "Read-only file system", "work in a copy elsewhere"]);
}
