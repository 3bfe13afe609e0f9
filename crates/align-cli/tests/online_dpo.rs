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
    let lines = ["round 1/2: reward ", "round 2/2: reward ", "trained policy: reward ", ", held-out ", ", KL "];
    for expected in lines.into_iter().chain(["writing ", ", judging ", ", log-probs ", ", training "]) {
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

/// A judge that fails in the second round leaves the steps of the first one, from which the run goes on.
#[test]
fn a_judge_that_fails_loses_no_steps() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let judge = "n=0\nwhile read -r line; do\n  n=$((n + 1))\n  [ $n -le 40 ] || [ -e mended ] || exit 3\n  echo $((${#line} % 7))\ndone\n";
    fs::write(dir.join("judge.sh"), judge).unwrap();
    let grpo = |more: &[&str]| {
        let options = ["--rounds", "3", "--prompts-per-round", "8", "--max-new-tokens", "8", "--device=cpu"];
        let training = ["--per-device-train-batch-size", "16", "--reward-funcs", "command:sh judge.sh"];
        support::run("grpo", dir, &[&options[..], &training, more].concat())
    };
    let failed = grpo(&["--output-dir", "run"]);
    let message = String::from_utf8(failed.stderr).unwrap();
    assert!(!failed.status.success() && message.contains("judge.sh"), "{message}");
    assert!(dir.join("run/checkpoint-2").is_dir(), "{message}");
    fs::write(dir.join("mended"), "").unwrap();
    for options in [&["--output-dir", "run", "--resume"][..], &["--output-dir", "whole"]] {
        let output = grpo(options);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let model = |run: &str| fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert_eq!(rounds(&dir.join("run")), rounds(&dir.join("whole")));
    assert!(model("run") == model("whole"));
}

/// A run that fails before its first step does not keep a new one from its folder.
#[test]
fn a_run_that_failed_before_its_first_step_can_be_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = |judge: &str| {
        let options = ["--rounds", "1", "--prompts-per-round", "4", "--max-new-tokens", "8", "--device=cpu"];
        support::run("rloo", dir.path(), &[&options[..], &["--reward-funcs", judge, "--output-dir", "run"]].concat())
    };
    assert!(!run("command:no-such-program").status.success());
    let output = run("max-words:4");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let again = run("max-words:4");
    assert!(String::from_utf8(again.stderr).unwrap().contains("already contains a run"));
}
