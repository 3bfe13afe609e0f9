//! Runs that are tracked: event files, an MLflow server, and the live page. With `ALIGN_PYTHON`, a Python with tensorboard and mlflow, TensorBoard
//! reads the event files, and a real MLflow server shows the run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod events;
mod live_page;
mod mlflow;
#[path = "../../../align-trackers/tests/trackers/mlflow_server.rs"]
#[allow(dead_code)]
mod mlflow_server;
#[path = "../../../align-trackers/tests/trackers/plain_reader.rs"]
#[allow(dead_code)]
mod plain_reader;
#[path = "../../../align-trackers/tests/trackers/python.rs"]
mod python;
#[path = "../support/mod.rs"]
mod support;
mod tensorboard;

use std::path::Path;
use std::process::Command;

/// A run with evaluations, sample texts and checkpoints, whose logging steps differ from its save steps.
const RUN: &str = "--eval-strategy steps --eval-steps 6 --save-strategy steps --save-steps 4 --logging-steps 3 --learning-rate 1e-3 \
                   --per-device-train-batch-size 2 --device cpu --sample-prompts prompts.txt";

/// The command, resumed if its run has begun.
fn dpo(dir: &Path, output: &str, steps: u64, more: &str) -> Command {
    std::fs::write(dir.join("prompts.txt"), "The\nA\n").unwrap();
    let data = support::golden_path("train.jsonl");
    let steps = steps.to_string();
    let mut args = vec!["--train-file", &data, "--eval-file", &data, "--output-dir", output, "--max-steps", &steps];
    args.extend(RUN.split(' ').chain(more.split(' ').filter(|word| !word.is_empty())));
    if dir.join(output).join("metrics.jsonl").exists() {
        args.push("--resume");
    }
    let mut command = support::command("dpo", dir, &args);
    command.env("OMP_NUM_THREADS", "1").env_remove("MLFLOW_TRACKING_URI").env("NO_PROXY", "127.0.0.1");
    command
}

/// Runs the command, and returns what it wrote to standard error.
fn finish(mut command: Command) -> String {
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    message
}
