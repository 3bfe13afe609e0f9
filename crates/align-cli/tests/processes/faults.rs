//! Processes that are killed or stopped at random times.

use crate::ranks::{rank_of, signal};
use crate::support::run_files::{assert_same, count_complete_checkpoints, files, random_numbers};
use crate::training::{dpo, error_lines, errors, start, succeed};
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

/// Three processes with dropout and many checkpoints, which wait for one another for [`LIMIT`].
const RUN: [&str; 12] = [
    "--nproc-per-node",
    "3",
    "--ddp-timeout",
    "6",
    "--max-steps",
    "24",
    "--save-steps",
    "2",
    "--save-total-limit",
    "2",
    "--disable-dropout",
    "false",
];
const LIMIT: Duration = Duration::from_secs(6);
/// The time that loading the model and ending processes takes on a busy machine.
const MARGIN: Duration = Duration::from_secs(12);

/// How often a process is killed or stopped.
fn times() -> usize {
    std::env::var("ALIGN_FAULTS").map_or(6, |times| times.parse().expect("ALIGN_FAULTS is a number"))
}

/// Starts or resumes the run, and sends a signal to one of its processes after a while, and not before there is a checkpoint if
/// `has_checkpoint`. Returns whether the run has finished in spite of it.
fn fault(dir: &Path, victim: usize, kind: Signal, after: Duration, has_checkpoint: bool) -> bool {
    let what = format!("{kind} to rank {victim} after {after:?}");
    let run = dir.join("run");
    let mut launcher = start(&mut dpo(dir, "run", &RUN));
    std::thread::sleep(after);
    let is_ready = |launcher: &Child| {
        rank_of(launcher, victim).is_some()
            && (!has_checkpoint || align_train::latest_checkpoint(&run).is_ok_and(|newest| newest.is_some()))
    };
    while launcher.try_wait().unwrap().is_none() && !is_ready(&launcher) {
        std::thread::sleep(Duration::from_millis(5));
    }
    if launcher.try_wait().unwrap().is_none() && rank_of(&launcher, victim).is_some() {
        signal(&launcher, victim, kind);
    }
    let begin = Instant::now();
    let output = launcher.wait_with_output().unwrap();
    let (time, message) = (begin.elapsed(), errors(&output));
    println!("{what}: ended within {time:.1?}, {}\n{message}", output.status);
    assert!(time < LIMIT + MARGIN, "{what}: it ended after {time:?}: {message}");
    if output.status.success() {
        return true;
    }
    assert_eq!(output.status.code(), Some(1), "{what}: {message}");
    let lines = error_lines(&message);
    assert!(lines.len() == 1 && lines[0].contains(&format!("rank {victim}")), "{what}: {message}");
    assert!(!message.contains("stopping after this step"), "{what}: {message}");
    false
}

#[test]
fn runs_whose_processes_are_killed_or_stopped_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, whole, run) = (dir.path(), dir.path().join("whole"), dir.path().join("run"));
    let begin = Instant::now();
    succeed(&mut dpo(dir, "whole", &RUN));
    let duration = begin.elapsed();
    let newest = align_train::latest_checkpoint(&whole).unwrap().unwrap();
    let files_of_one: Vec<PathBuf> = files(&newest).into_keys().collect();
    let mut random = random_numbers(3);
    let (mut resumed, mut finished, mut faults) = (0, 0, 0);
    while faults < times() {
        let kind = if random() < 0.5 { Signal::SIGKILL } else { Signal::SIGSTOP };
        let (victim, after) = ((random() * 3.0) as usize, duration.mul_f64(random() * 0.6));
        let has_checkpoint = faults % 2 == 0;
        faults += 1;
        if fault(dir, victim, kind, after, has_checkpoint) {
            assert_same(&run, &whole, &format!("after {faults} faults"));
            fs::remove_dir_all(&run).unwrap();
            finished += 1;
        }
        resumed += usize::from(count_complete_checkpoints(&run, &files_of_one) > 0);
    }
    succeed(&mut dpo(dir, "run", &RUN));
    assert_same(&run, &whole, &format!("after {faults} faults"));
    println!("{faults} faults: {resumed} of the runs were resumed, {finished} finished in spite of the fault");
    assert!(resumed * 3 >= faults - finished, "{resumed} of {faults} runs were resumed");
}
