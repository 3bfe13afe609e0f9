//! A disk that is full from any write on: an error that names the file, no half product, and the next run works.

use crate::effort;
use crate::every_command::{COMMANDS, Invocation, inputs};
use crate::preload::library;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Places a day at which each command's disk is full.
const PLACES: usize = 5;

#[test]
fn whatever_write_fails() {
    let scratch = tempfile::tempdir().unwrap();
    let shim = library("full_disk.c", scratch.path());
    for invocation in COMMANDS.iter().filter(|invocation| !invocation.products.is_empty()) {
        let expected = invocation.undisturbed();
        let all = changes(invocation, &shim, &scratch.path().join("count"));
        let places = (PLACES * effort()).min(all);
        // The first change, the last one, and others between them.
        for place in 0..places {
            full_at(invocation, &shim, 1 + place * (all - 1) / (places - 1).max(1), &expected);
        }
    }
}

/// How often an undisturbed run changes the disk.
fn changes(invocation: &Invocation, shim: &Path, count: &Path) -> usize {
    let dir = inputs();
    let mut command = invocation.command(dir.path());
    assert!(command.env("LD_PRELOAD", shim).env("FULL_DISK_COUNT", count).status().unwrap().success());
    let all = fs::read_to_string(count).unwrap().trim().parse().unwrap();
    assert!(all >= 3, "{}: {all} changes are too few to be all", invocation.what());
    all
}

fn full_at(invocation: &Invocation, shim: &Path, at: usize, expected: &[Option<Vec<u8>>]) {
    let dir = inputs();
    let mut command = invocation.command(dir.path());
    command.env("LD_PRELOAD", shim).env("FULL_DISK_AT", at.to_string());
    let ended = command.stdout(Stdio::null()).output().unwrap();
    let message = String::from_utf8(ended.stderr).unwrap();
    let what = format!("{}, full at change {at}: {message}", invocation.what());
    assert_eq!(ended.status.code(), Some(1), "{what}");
    assert!(message.contains("No space left on device") && !message.contains("panicked"), "{what}");
    // The folder or the file that it was writing.
    let outputs = ["--output ", "--output-dir ", "--report "];
    let named = outputs.iter().filter_map(|option| invocation.args.split_once(option)?.1.split(' ').next());
    assert!(named.into_iter().any(|name| message.contains(name)), "{what}");
    for (found, expected) in invocation.written(dir.path()).iter().zip(expected) {
        assert!(found.is_none() || found == expected, "{what}: half a product has its name");
    }
    // The last change may be that the product's name gets onto the disk: then the product is there, and whole.
    if invocation.written(dir.path()) != expected {
        invocation.finish(dir.path(), &format!("{what}: again"));
        assert!(invocation.written(dir.path()) == expected, "{what}: another product when it is run again");
    }
}
