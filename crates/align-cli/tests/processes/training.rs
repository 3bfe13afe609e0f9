//! The run of these tests, in one or several processes.

use crate::support::{self, golden_path};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tch::Tensor;

/// A run with shuffled rows, gradient accumulation and checkpoints. Adam's epsilon is large, so that a gradient that is zero but for
/// rounding does not become a step of the learning rate.
const RUN: [&str; 15] = [
    "--max-steps",
    "12",
    "--gradient-accumulation-steps",
    "2",
    "--learning-rate",
    "1e-3",
    "--adam-epsilon",
    "1e-4",
    "--logging-steps",
    "3",
    "--save-strategy",
    "steps",
    "--save-steps",
    "2",
    "--device=cpu",
];

/// The command of the run in the folder `output`, which resumes it if it has begun. One thread, since several processes share the
/// processors.
pub fn dpo(dir: &Path, output: &str, more: &[&str]) -> Command {
    let data = golden_path("train.jsonl");
    let resume: &[&str] = if dir.join(output).join("metrics.jsonl").exists() { &["--resume"] } else { &[] };
    let data: &[&str] = if more.contains(&"--train-file") { &[] } else { &["--train-file", &data] };
    let batch: &[&str] =
        if more.contains(&"--per-device-train-batch-size") { &[] } else { &["--per-device-train-batch-size", "2"] };
    let run: Vec<&str> = without_repetitions(&RUN, more);
    let args = [&["--output-dir", output][..], data, batch, &run, more, resume].concat();
    let mut command = support::command("dpo", dir, &args);
    command.env("OMP_NUM_THREADS", "1");
    command
}

/// The options of `run` that `more` does not have.
fn without_repetitions<'a>(run: &[&'a str], more: &[&str]) -> Vec<&'a str> {
    let mut kept = Vec::new();
    let mut options = run.iter().peekable();
    while let Some(option) = options.next() {
        let value = options.next_if(|next| !next.starts_with("--"));
        if !more.contains(option) {
            kept.push(*option);
            kept.extend(value);
        }
    }
    kept
}

/// What a process wrote to standard error.
pub fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a command that must succeed, and returns its standard output.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Starts a command whose output is kept.
pub fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A port that was free just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Makes a command one process of a launch by hand.
pub fn as_rank(mut command: Command, rank: usize, world_size: usize, port: u16) -> Command {
    command.env("RANK", rank.to_string()).env("WORLD_SIZE", world_size.to_string());
    command.env("MASTER_ADDR", "127.0.0.1").env("MASTER_PORT", port.to_string());
    command
}

/// The error lines that a process wrote.
pub fn error_lines(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.contains("error: ")).collect()
}

fn weights(run: &Path) -> BTreeMap<String, Tensor> {
    Tensor::read_safetensors(run.join("model/model.safetensors")).unwrap().into_iter().collect()
}

/// Asserts that the weights of two runs differ by rounding at most.
pub fn assert_close(run: &Path, expected: &Path, what: &str) {
    let (found, expected) = (weights(run), weights(expected));
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}");
    for (name, weight) in &found {
        let difference = (weight - &expected[name]).abs().max().double_value(&[]);
        assert!(difference <= 1e-6, "{what}: {name} differs by {difference:e}");
    }
}

/// Asserts that two runs have the same weights to the bit.
pub fn assert_same_weights(run: &Path, expected: &Path, what: &str) {
    let read = |run: &Path| std::fs::read(run.join("model/model.safetensors")).unwrap();
    assert!(read(run) == read(expected), "{what}: the weights differ");
}
