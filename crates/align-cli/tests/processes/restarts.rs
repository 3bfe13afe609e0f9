//! `torchrun --max-restarts`.

use crate::launchers::{NO_TORCHRUN, TWO_PROCESSES, is_missing, launched, torchrun};
use crate::ranks::{signal, wait_for};
use crate::support::run_files::assert_same;
use crate::training::{dpo, errors, start, succeed};
use nix::sys::signal::Signal;
use std::fs;

/// Steps that take a while, so that a process can be killed between two checkpoints.
const RUN: [&str; 6] = ["--max-steps", "40", "--save-steps", "4", "--disable-dropout", "false"];

#[test]
fn a_restarted_launch_continues_its_run() {
    if is_missing(torchrun(), NO_TORCHRUN) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let local = [&RUN[..], &["--nproc-per-node", "2"]].concat();
    succeed(&mut dpo(dir, "whole", &local));
    let options = [&TWO_PROCESSES[..], &["--max_restarts", "2"]].concat();
    let mut launcher = start(&mut launched(torchrun(), &options, dir, "run", &RUN));
    wait_for(&dir.join("run/checkpoint-4"), &mut launcher);
    signal(&launcher, 1, Signal::SIGKILL);
    let output = launcher.wait_with_output().unwrap();
    let message = errors(&output);
    assert!(output.status.success(), "{message}");
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.contains("resuming from run/checkpoint-"), "{out}{message}");
    assert_same(&dir.join("run"), &dir.join("whole"), "restarted");

    // A run with other options, which this launch has not begun, is neither continued nor replaced.
    let before = fs::read(dir.join("run/config.toml")).unwrap();
    let other = [&RUN[..], &["--beta", "0.5"]].concat();
    let command = launched(torchrun(), &options, dir, "run", &other);
    let arguments: Vec<_> =
        command.get_args().filter(|argument| *argument != "--resume").map(ToOwned::to_owned).collect();
    let mut new = std::process::Command::new(command.get_program());
    new.args(arguments).current_dir(dir).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let refused = new.output().unwrap();
    let message = errors(&refused);
    assert!(!refused.status.success() && message.contains("already contains a run"), "{message}");
    assert_eq!(fs::read(dir.join("run/config.toml")).unwrap(), before);
    assert_same(&dir.join("run"), &dir.join("whole"), "refused");
}
