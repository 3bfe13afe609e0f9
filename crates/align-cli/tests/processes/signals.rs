//! Signals to the launcher of `--nproc-per-node`.

use crate::ranks::{rank_of, signal, wait_for};
use crate::support::run_files::assert_same;
use crate::training::{dpo, errors, start, succeed};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// Three processes with dropout, which save a checkpoint only when they are stopped.
const RUN: [&str; 8] =
    ["--nproc-per-node", "3", "--max-steps", "40", "--disable-dropout", "false", "--save-steps", "1000"];

/// Sends a signal to the launcher of a run that has begun. Returns how the run ended.
fn stopped_by(dir: &Path, signal: Signal) -> Output {
    let mut launcher = start(&mut dpo(dir, "run", &RUN));
    wait_for(&dir.join("run/metrics.jsonl"), &mut launcher);
    kill(Pid::from_raw(launcher.id() as i32), signal).unwrap();
    launcher.wait_with_output().unwrap()
}

fn assert_resumes(dir: &Path) {
    let saved = align_train::latest_checkpoint(&dir.join("run")).unwrap().unwrap();
    let out = succeed(&mut dpo(dir, "run", &RUN));
    assert!(out.contains("resuming from"), "{out}");
    fs::remove_dir_all(saved).unwrap();
    assert_same(&dir.join("run"), &dir.join("whole"), "stopped and resumed");
}

#[test]
fn ctrl_c_stops_all_processes_at_one_step() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeed(&mut dpo(dir, "whole", &RUN));
    for (stop, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let stopped = stopped_by(dir, stop);
        let message = errors(&stopped);
        assert_eq!(stopped.status.code(), Some(code), "{message}");
        for (part, times) in [
            ("stopping after this step or batch", 1),
            ("stopped after step ", 1),
            ("align dpo --output-dir run --resume --nproc-per-node 3", 1),
            ("error", 0),
            ("[rank ", 0),
        ] {
            assert_eq!(message.matches(part).count(), times, "{part}: {message}");
        }
        assert!(!dir.join("run/model").exists());
        assert_resumes(dir);
        fs::remove_dir_all(dir.join("run")).unwrap();
    }
}

/// The processes save their work when the launcher is gone.
#[test]
fn processes_without_their_launcher_stop() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    succeed(&mut dpo(dir, "whole", &RUN));
    let mut launcher = start(&mut dpo(dir, "run", &RUN));
    wait_for(&dir.join("run/metrics.jsonl"), &mut launcher);
    let ranks: Vec<Pid> = (0..3).map(|rank| rank_of(&launcher, rank).unwrap()).collect();
    launcher.kill().unwrap();
    launcher.wait().unwrap();
    let start = Instant::now();
    while ranks.iter().any(|rank| kill(*rank, None).is_ok() && !is_zombie(*rank)) {
        assert!(start.elapsed() < Duration::from_secs(60), "the processes did not stop");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_resumes(dir);
}

/// Whether a process has ended, and nobody has asked how.
fn is_zombie(process: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

/// Processes that wait for a stopped one cannot agree on a step.
#[test]
fn ctrl_c_ends_processes_of_which_one_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut launcher = start(&mut dpo(dir, "run", &[&RUN[..], &["--ddp-timeout", "6"]].concat()));
    wait_for(&dir.join("run/metrics.jsonl"), &mut launcher);
    signal(&launcher, 1, Signal::SIGSTOP);
    kill(Pid::from_raw(launcher.id() as i32), Signal::SIGINT).unwrap();
    let begin = Instant::now();
    let ended = launcher.wait_with_output().unwrap();
    let message = errors(&ended);
    assert!(begin.elapsed() < Duration::from_secs(16), "{:?}: {message}", begin.elapsed());
    assert_eq!(ended.status.code(), Some(1), "{message}");
    assert_eq!(message.matches("error: ").count(), 1, "{message}");
    assert!(message.contains("rank 1 has shown no sign of life for "), "{message}");
}
