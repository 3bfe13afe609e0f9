//! `--nproc-per-node`.

use crate::support::run_files::{assert_same, files, metrics};
use crate::support::{command, golden_path};
use crate::training::{as_rank, assert_close, dpo, errors, free_port, succeed};
use std::fs;
use std::path::Path;

/// The values of a metric of all lines of a metrics file.
fn values(run: &Path, name: &str) -> Vec<f64> {
    let value = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()[name].as_f64();
    metrics(run).lines().filter_map(value).collect()
}

#[test]
fn several_processes_write_the_run_of_one_with_larger_batches() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for count in [2, 3] {
        let (processes, batch) = (count.to_string(), (2 * count).to_string());
        let (one, several) = (format!("one-{count}"), format!("several-{count}"));
        succeed(&mut dpo(dir, &one, &["--per-device-train-batch-size", &batch]));
        let out = succeed(&mut dpo(dir, &several, &["--nproc-per-node", &processes]));
        // Only rank 0 prints.
        assert_eq!(out.matches("written to ").count(), 1, "{out}");
        assert!(!out.contains("[rank "), "{out}");
        let (one, several) = (dir.join(one), dir.join(several));
        assert_eq!(files(&several).keys().collect::<Vec<_>>(), files(&one).keys().collect::<Vec<_>>());
        for name in ["loss", "grad_norm", "learning_rate", "num_tokens", "rewards/margins", "epoch", "step"] {
            let (found, expected) = (values(&several, name), values(&one, name));
            assert_eq!((found.len(), expected.len()), (4, 4), "{name}");
            for (found, expected) in found.into_iter().zip(expected) {
                let scale = expected.abs().max(1.0);
                assert!((found - expected).abs() <= 1e-6 * scale, "{name} of {count}: {found} is not {expected}");
            }
        }
        assert_close(&several, &one, &format!("{count} processes"));
        let config = fs::read_to_string(several.join("config.toml")).unwrap();
        assert!(config.contains("per_device_train_batch_size = 2\n") && !config.contains("nproc"), "{config}");
    }
}

/// Copies a run as it was after step 6.
fn copy_until_step_6(whole: &Path, run: &Path) {
    for (name, path) in files(whole) {
        let top = name.iter().next().unwrap().to_string_lossy();
        let step = top.strip_prefix("checkpoint-").map(|step| step.parse::<u64>().unwrap());
        if top == "model" || top == "report.html" || step.is_some_and(|step| step > 6) {
            continue;
        }
        fs::create_dir_all(run.join(&name).parent().unwrap()).unwrap();
        fs::copy(path, run.join(&name)).unwrap();
    }
}

#[test]
fn a_run_of_four_processes_goes_on_with_any_number() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let whole = dir.join("whole");
    let batch = ["--per-device-train-batch-size", "1"];
    succeed(&mut dpo(dir, "whole", &[&batch[..], &["--nproc-per-node", "4"]].concat()));
    for count in ["4", "3", "2", "1"] {
        let name = format!("run-{count}");
        let run = dir.join(&name);
        copy_until_step_6(&whole, &run);
        let more = [&batch[..], &["--nproc-per-node", count]].concat();
        if count != "4" {
            let refused = dpo(dir, &name, &more).output().unwrap();
            let message = errors(&refused);
            assert_eq!(refused.status.code(), Some(1), "{message}");
            let expected = format!("was written by a run of 4 processes, but this run has {count}.");
            assert!(message.contains(&expected) && message.contains("set --allow-inexact-resume"), "{message}");
            assert_eq!(message.matches("error: ").count(), 1, "{message}");
        }
        let inexact: &[&str] = if count == "4" { &[] } else { &["--allow-inexact-resume"] };
        let out = succeed(&mut dpo(dir, &name, &[&more, inexact].concat()));
        assert!(out.contains("resuming from") && out.contains("at step 6 of 12"), "{out}");
        assert_close(&run, &whole, &format!("resumed with {count} processes"));
        if count == "4" {
            assert_same(&run, &whole, "resumed with as many processes");
        }
    }
}

#[test]
fn a_dry_run_of_several_processes_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = succeed(&mut dpo(dir.path(), "run", &["--nproc-per-node", "2", "--dry-run"]));
    assert_eq!(out.matches("dry run: nothing is trained or written").count(), 1, "{out}");
    // Batches of two rows in each of two processes, twice.
    assert!(out.contains("12 per epoch, 8 rows each"), "{out}");
    assert!(!out.contains("[rank "), "{out}");
    assert!(!dir.path().join("run").exists());
}

#[test]
fn a_problem_that_all_processes_have_is_said_once() {
    let dir = tempfile::tempdir().unwrap();
    for (more, code, expected) in [
        (["--train-file", "missing.jsonl"], 1, "missing.jsonl"),
        (["--beta", "-1"], 2, "beta"),
        (["--model", "no-such-folder/"], 1, "no-such-folder"),
    ] {
        let output = dpo(dir.path(), "run", &[&more[..], &["--nproc-per-node", "3"]].concat()).output().unwrap();
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(code), "{message}");
        assert!(message.contains(expected), "{message}");
        assert_eq!(message.matches("error: ").count(), 1, "{message}");
    }
}

#[test]
fn processes_are_started_once() {
    let dir = tempfile::tempdir().unwrap();
    let inner = as_rank(dpo(dir.path(), "run", &["--nproc-per-node", "2"]), 0, 2, free_port()).output().unwrap();
    let message = errors(&inner);
    assert_eq!(inner.status.code(), Some(2), "{message}");
    let expected = "error: --nproc-per-node starts processes, but a launcher has started this one already, as rank 0 of 2: leave it out";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn a_command_that_runs_in_one_process_refuses_a_launcher() {
    let dir = tempfile::tempdir().unwrap();
    let data = golden_path("train.jsonl");
    for (name, args) in [("evaluate", &["--input", &data][..]), ("losses", &[])] {
        let output = as_rank(command(name, dir.path(), args), 1, 2, free_port()).output().unwrap();
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{name}: {message}");
        let expected = "this command runs in one process, but a launcher has started 2: run it without the launcher";
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(output.stdout, b"", "{name}");
    }
}
