//! `align online-dpo`: on-policy rounds, killed and stopped at random times.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::run_files::{assert_same, random_numbers};

/// Rounds with replay, and a checkpoint in the middle of each round.
const RUN: [&str; 21] = [
    "--rounds",
    "8",
    "--prompts-per-round",
    "8",
    "--num-generations",
    "3",
    "--max-new-tokens",
    "16",
    "--per-device-train-batch-size",
    "2",
    "--replay",
    "0.25",
    "--target-kl",
    "0.01",
    "--save-strategy",
    "steps",
    "--save-steps",
    "3",
    "--save-total-limit",
    "2",
    "--device=cpu",
];

fn command(dir: &Path, output: &str) -> Command {
    let resume: &[&str] = if dir.join(output).join("metrics.jsonl").exists() { &["--resume"] } else { &[] };
    let mut command = support::command("online-dpo", dir, &[&["--output-dir", output], &RUN[..], resume].concat());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// The rounds without the times that they took.
fn rounds(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("rounds.jsonl")).unwrap();
    text.lines().map(|line| line.split_once("\"seconds\":").unwrap().0.to_owned()).collect()
}

/// How often a process is killed.
fn times() -> usize {
    std::env::var("ALIGN_FAULTS").map_or(6, |times| times.parse().expect("ALIGN_FAULTS is a number"))
}

#[test]
fn a_run_that_is_killed_in_any_phase_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, whole, run) = (dir.path(), dir.path().join("whole"), dir.path().join("run"));
    let begin = Instant::now();
    assert!(command(dir, "whole").status().unwrap().success());
    let duration = begin.elapsed();
    assert_eq!(rounds(&whole).len(), 9);
    let mut random = random_numbers(5);
    let (mut kills, mut finished) = (0, 0);
    while kills < times() {
        let mut process = command(dir, "run").spawn().unwrap();
        let after: Duration = duration.mul_f64(random());
        std::thread::sleep(after);
        let killed = process.try_wait().unwrap().is_none();
        process.kill().unwrap();
        let output = process.wait_with_output().unwrap();
        kills += usize::from(killed);
        if !killed {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_same(&run, &whole, &format!("after {kills} kills"));
            assert_eq!(rounds(&run), rounds(&whole));
            fs::remove_dir_all(&run).unwrap();
            finished += 1;
        }
    }
    let output = command(dir, "run").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&run, &whole, &format!("after {kills} kills"));
    assert_eq!(rounds(&run), rounds(&whole));
    println!("{kills} kills, {finished} runs finished between them");
}

#[test]
fn a_round_is_a_line_and_the_files_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let run =
        ["--rounds", "2", "--prompts-per-round", "4", "--max-new-tokens", "8", "--output-dir", "run", "--device=cpu"];
    let judges = ["--judge", "long=words:20", "--judge", "varied=distinct:2", "--judge-weights", "long=2"];
    let held_out = ["--held-out-judge", "short=words:5"];
    let output = support::run("online-dpo", dir.path(), &[&run[..], &judges, &held_out].concat());
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{messages}");
    for expected in ["round 1/2: reward ", "round 2/2: reward ", "trained policy: reward ", ", held-out ", ", KL "] {
        assert!(messages.contains(expected), "{expected}: {messages}");
    }
    let notes = String::from_utf8(output.stdout).unwrap() + &messages;
    assert!(notes.contains("rounds.jsonl"), "{notes}");
    let first: serde_json::Value =
        serde_json::from_str(fs::read_to_string(dir.path().join("run/rounds.jsonl")).unwrap().lines().next().unwrap())
            .unwrap();
    let text = &first["groups"][0]["texts"][0];
    let scores: Vec<f64> = serde_json::from_value(text["scores"].clone()).unwrap();
    assert_eq!(text["reward"].as_f64().unwrap(), 2.0 * scores[0] + scores[1]);
}
