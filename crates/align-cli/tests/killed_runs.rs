//! Training runs that are killed at random times, or stopped by Ctrl-C, and then resumed, give the same bytes as uninterrupted runs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::run_files::{assert_same, count_complete_checkpoints, files, random_numbers};

/// A run with shuffled data, dropout, gradient accumulation and a moving reference, whose logging steps differ from its save steps.
const RUN: [&str; 22] = [
    "--max-steps",
    "12",
    "--per-device-train-batch-size",
    "2",
    "--gradient-accumulation-steps",
    "2",
    "--learning-rate",
    "1e-3",
    "--disable-dropout",
    "false",
    "--sync-ref-model",
    "--ref-model-sync-steps",
    "5",
    "--logging-steps",
    "5",
    "--save-strategy",
    "steps",
    "--save-steps",
    "2",
    "--save-total-limit",
    "2",
    "--device=cpu",
];

/// The command with one thread, since tests run in parallel on the same processors.
fn dpo(dir: &Path, output: &str, more: &[&str]) -> Command {
    let data = support::golden_path("train.jsonl");
    let resume: &[&str] = if dir.join(output).join("metrics.jsonl").exists() { &["--resume"] } else { &[] };
    let args = [&["--train-file", &data, "--output-dir", output][..], more, resume].concat();
    let mut command = support::command("dpo", dir, &args);
    command.env("OMP_NUM_THREADS", "1");
    command
}

fn start(dir: &Path, output: &str, more: &[&str]) -> Child {
    dpo(dir, output, more).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn finish(dir: &Path, output: &str, more: &[&str]) -> String {
    let ended = dpo(dir, output, more).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// Kills a run `times` times at random times, lets it finish, and compares it with an uninterrupted run.
fn kill_and_resume(times: usize, seed: u64, more: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let (dir, whole, run) = (dir.path(), dir.path().join("whole"), dir.path().join("run"));
    let begin = Instant::now();
    finish(dir, "whole", more);
    let duration = begin.elapsed();
    let newest = align_train::latest_checkpoint(&whole).unwrap().unwrap();
    let files_of_one: Vec<PathBuf> = files(&newest).into_keys().collect();
    let mut random = random_numbers(seed);
    let (mut kills, mut resumed, mut ends) = (0, 0, 0);
    while kills < times {
        resumed += usize::from(count_complete_checkpoints(&run, &files_of_one) > 0);
        let mut child = start(dir, "run", more);
        std::thread::sleep(duration.mul_f64(random() * 0.55));
        child.kill().unwrap();
        let ended = child.wait_with_output().unwrap();
        let message = String::from_utf8(ended.stderr).unwrap();
        assert!(ended.status.code().is_none_or(|code| code == 0), "after {kills} kills: {message}");
        kills += usize::from(ended.status.code().is_none());
        if ended.status.success() {
            // The run finished before the kill: start a new one.
            assert_same(&run, &whole, &format!("after {kills} kills"));
            fs::remove_dir_all(&run).unwrap();
            ends += 1;
        }
    }
    finish(dir, "run", more);
    assert_same(&run, &whole, &format!("after {kills} kills"));
    assert!(
        resumed >= times / 3,
        "{resumed} of {times} starts found a checkpoint, {ends} runs ended before their kill"
    );
}

#[test]
fn a_run_killed_fifty_times_gives_the_same_bytes() {
    kill_and_resume(50, 1, &RUN);
}

/// Evaluations determine where this run ends and which checkpoint becomes the final model.
#[test]
fn a_run_with_early_stopping_killed_ten_times_gives_the_same_bytes() {
    let data = support::golden_path("train.jsonl");
    let more = [
        "--eval-file",
        &data,
        "--eval-strategy",
        "steps",
        "--eval-steps",
        "2",
        "--load-best-model-at-end",
        "--metric-for-best-model",
        "logps/chosen",
        "--greater-is-better",
        "false",
        "--early-stopping-patience",
        "3",
    ];
    kill_and_resume(10, 2, &[&RUN[..], &more].concat());
}

/// Waits until the child prints a line that contains `part` to standard error.
fn wait_for_message(child: &mut Child, part: &str) -> BufReader<std::process::ChildStderr> {
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains(part) {
        line.clear();
        assert!(messages.read_line(&mut line).unwrap() > 0, "it ended without {part:?}");
    }
    messages
}

fn wait_for(path: &Path, child: &mut Child) {
    while !path.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before {} was there", path.display());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
}

#[test]
fn ctrl_c_saves_a_checkpoint_and_the_run_resumes_from_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // No checkpoints are saved except by Ctrl-C.
    let run: Vec<&str> = RUN.iter().copied().take_while(|option| *option != "--save-strategy").collect();
    finish(dir, "whole", &run);
    let mut child = start(dir, "run", &run);
    wait_for(&dir.join("run/metrics.jsonl"), &mut child);
    interrupt(&child);
    let mut messages = wait_for_message(&mut child, "stopping after this step");
    let mut message = String::new();
    messages.read_to_string(&mut message).unwrap();
    // The exit code is not 0, so a command after `&&` does not start.
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(message.contains("stopped after step ") && message.contains("--resume"), "{message}");
    assert!(!dir.join("run/model").exists());
    let saved = align_train::latest_checkpoint(&dir.join("run")).unwrap().unwrap();
    let out = finish(dir, "run", &run);
    assert!(out.contains("resuming from"), "{out}");
    fs::remove_dir_all(saved).unwrap();
    assert_same(&dir.join("run"), &dir.join("whole"), "stopped by Ctrl-C");
}

#[test]
fn a_second_ctrl_c_ends_the_program_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = fs::read_to_string(support::golden_path("train.jsonl")).unwrap();
    fs::write(dir.join("pairs.jsonl"), pairs.repeat(20_000 / pairs.lines().count() + 1)).unwrap();
    // One step over all rows takes longer than the test waits.
    let args = [
        "--train-file",
        "pairs.jsonl",
        "--output-dir",
        "run",
        "--gradient-accumulation-steps",
        "100000",
        "--max-steps",
        "1",
    ];
    let mut command = support::command("dpo", dir, &args);
    command.args(["--per-device-train-batch-size", "1"]).env("OMP_NUM_THREADS", "1");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(&dir.join("run/metrics.jsonl"), &mut child);
    interrupt(&child);
    let messages = wait_for_message(&mut child, "again to stop at once");
    // One that follows at once is the same.
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(1100));
    assert!(child.try_wait().unwrap().is_none());
    let begin = Instant::now();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    drop(messages);
    assert!(align_train::latest_checkpoint(&dir.join("run")).unwrap().is_none());
}

#[test]
fn a_second_process_cannot_write_the_same_run_folder() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut child = start(dir, "run", &RUN);
    wait_for(&dir.join("run/metrics.jsonl"), &mut child);
    let refused = dpo(dir, "run", &RUN).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("run: another run is using it"), "{message}");
    child.kill().unwrap();
    child.wait().unwrap();
}
