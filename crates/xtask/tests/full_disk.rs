//! Disks that are full or cannot be written, as small file systems in memory: for root, or where users may mount.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod common;

use common::{Bench, Ran};
use std::process::Command;

/// Runs `xtask setup --cpu` with the workspace on a file system of these options; `None` where none can be mounted.
fn set_up_on(bench: &Bench, options: &str, then: &str) -> Option<Ran> {
    let work = bench.path("work");
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
        "{mount}; mkdir -p '{work}/crates/xtask'; {then}\n\
         code=0; env -i PATH='{bin}' HOME=/ TMPDIR='{tmp}' CARGO_MANIFEST_DIR='{work}/crates/xtask' \
         '{xtask}' setup --cpu || code=$?\n\
         for left in '{work}'/.libtorch '{work}'/.libtorch-setup/work-*; do [ ! -e \"$left\" ] || echo \"left $left\"; done\n\
         exit $code",
        work = work.display(),
        bin = bench.path("bin").display(),
        tmp = bench.path("tmp").display(),
        xtask = env!("CARGO_BIN_EXE_xtask"),
    );
    Some(Ran::from(unshare(&script).output().unwrap()))
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

#[test]
fn a_disk_without_the_room_is_refused_beforehand() {
    let bench = Bench::new();
    bench.good_pip();
    let Some(ran) = set_up_on(&bench, "size=300m", "") else { return };
    let ran = ran.failed(&["0.3 GB free, and 1.2 GB are needed", "Free some space"]);
    assert_eq!(ran.stdout, "", "something is left");
    assert_eq!(bench.downloads().len(), 0);
}

#[test]
fn a_disk_that_fills_up_meanwhile_leaves_nothing_half_done() {
    let bench = Bench::new();
    bench.good_pip();
    // Room by the gigabyte, for a few files only: they run out while unpacking.
    let Some(ran) = set_up_on(&bench, "size=4g,nr_inodes=25", "") else { return };
    let ran = ran.failed(&["No space left on device", "The disk is full. Nothing that was there before has changed"]);
    assert_eq!(ran.stdout, "", "something is left");
    assert_eq!(bench.downloads(), ["torch"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let bench = Bench::new();
    bench.good_pip();
    let remount = format!("mount -o remount,ro '{}'", bench.path("work").display());
    let Some(ran) = set_up_on(&bench, "size=4g", &remount) else { return };
    ran.failed(&["cannot create", "Read-only file system", "work in a copy elsewhere"]);
}
