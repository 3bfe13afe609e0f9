//! Printing to a closed pipe or a full disk does not panic.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::process::{Command, Stdio};

#[test]
fn a_closed_and_a_full_standard_output() {
    let full = || -> Stdio { File::options().write(true).open("/dev/full").unwrap().into() };
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for (to, code) in [(writer.into(), 0), (full(), 74)] {
        let ended = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("help").stdout(to).output().unwrap();
        let message = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{message}");
        assert_eq!(message.contains("standard output"), code == 74, "{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
    let ended = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("no-such-command").stderr(full()).status().unwrap();
    assert_eq!(ended.code(), Some(1));
}
