//! The disk becomes full at any write: the command fails with an error that names the file, leaves no partial output, and succeeds when
//! it is run again.

use crate::effort;
use crate::every_command::{COMMANDS, Invocation, inputs};
use crate::preload::library;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// The number of writes per command at which the disk becomes full.
const FAILURES_PER_COMMAND: usize = 5;

#[test]
fn a_full_disk_at_any_write_leaves_no_partial_output() {
    let scratch = tempfile::tempdir().unwrap();
    let shim = library("full_disk.c", scratch.path());
    for invocation in COMMANDS.iter().filter(|invocation| !invocation.outputs.is_empty()) {
        let expected = invocation.expected_outputs();
        let all = count_changes(invocation, &shim, &scratch.path().join("count"));
        let failures = (FAILURES_PER_COMMAND * effort()).min(all);
        // The first change of the disk, the last one, and others between them.
        for failure in 0..failures {
            fail_at(invocation, &shim, 1 + failure * (all - 1) / (failures - 1).max(1), &expected);
        }
    }
}

/// How often an uninterrupted run changes the disk.
fn count_changes(invocation: &Invocation, shim: &Path, count: &Path) -> usize {
    let dir = inputs();
    let mut command = invocation.command(dir.path());
    assert!(command.env("LD_PRELOAD", shim).env("FULL_DISK_COUNT", count).status().unwrap().success());
    let all = fs::read_to_string(count).unwrap().trim().parse().unwrap();
    assert!(all >= 3, "{}: only {all} changes were counted", invocation.command_line());
    all
}

fn fail_at(invocation: &Invocation, shim: &Path, at: usize, expected: &[Option<Vec<u8>>]) {
    let dir = inputs();
    let mut command = invocation.command(dir.path());
    command.env("LD_PRELOAD", shim).env("FULL_DISK_AT", at.to_string());
    let ended = command.stdout(Stdio::null()).output().unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    let what = format!("{}, full at change {at}: {message}", invocation.command_line());
    assert_eq!(ended.status.code(), Some(1), "{what}");
    assert!(message.contains("No space left on device") && !message.contains("panicked"), "{what}");
    // The message names the folder or the file that was being written.
    let outputs = ["--output ", "--output-dir ", "--report "];
    let named = outputs.iter().filter_map(|option| invocation.args.split_once(option)?.1.split(' ').next());
    assert!(named.into_iter().any(|name| message.contains(name)), "{what}");
    for (found, expected) in invocation.read_outputs(dir.path()).iter().zip(expected) {
        assert!(found.is_none() || found == expected, "{what}: an output is incomplete");
    }
    // The last change may be the synchronisation of the folder: then the complete output exists already.
    if invocation.read_outputs(dir.path()) != expected {
        invocation.finish(dir.path(), &format!("{what}: again"));
        assert!(invocation.read_outputs(dir.path()) == expected, "{what}: the outputs differ when it is run again");
    }
}
