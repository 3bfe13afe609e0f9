//! Event files of runs.

use crate::events::{event_files, scalar, values};
use crate::plain_reader::Fields;
use crate::support::run_files::random_numbers;
use crate::{dpo, finish, python};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn metrics(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What TensorBoard itself has as scalars of a folder.
const SCALARS: &str = r"
import json, sys
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.util import tensor_util
events = plugin_event_accumulator.EventAccumulator(sys.argv[1], tensor_size_guidance={'scalars': 0})
events.Reload()
read = lambda tag: [[event.step, tensor_util.make_ndarray(event.tensor_proto).item()] for event in events.Tensors(tag)]
print(json.dumps({tag: read(tag) for tag in events.PluginTagToContent('scalars')}))
";

#[test]
fn event_files_have_the_numbers_of_the_metrics_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    finish(dpo(dir, "run", 8, "--report-to tensorboard --run-name first --logging-dir tb --loss-type hinge"));
    let (folder, lines) = (dir.join("tb/first"), metrics(&dir.join("run")));
    let found = values(&folder);
    let read_by_tensorboard = python::run("tensorboard", SCALARS, &[folder.to_str().unwrap()]);
    let read_by_tensorboard: Option<Value> = read_by_tensorboard.map(|text| serde_json::from_str(&text).unwrap());
    let mut compared = 0;
    for line in &lines {
        let step = line["step"].as_u64().unwrap();
        for (name, value) in line.as_object().unwrap() {
            let is_evaluation = line.get("eval_loss").is_some();
            if name == "step" || (name == "epoch" && is_evaluation) {
                continue;
            }
            let tag = match name.strip_prefix("eval_") {
                Some(name) => format!("eval/{name}"),
                None => format!("train/{name}"),
            };
            let expected = value.as_f64().unwrap() as f32;
            assert_eq!(found[&tag][&step].first().map(|bytes| scalar(bytes)), Some(expected), "{tag} of step {step}");
            if let Some(read) = &read_by_tensorboard {
                let points = read[&tag].as_array().unwrap();
                let point = points.iter().find(|point| point[0] == step).unwrap();
                assert_eq!(point[1].as_f64().unwrap() as f32, expected, "{tag} of step {step}");
            }
            compared += 1;
        }
    }
    // Steps 3, 6 and 8; evaluations at step 6 and at the end.
    assert!(compared > 60, "{compared} numbers");
    assert_eq!(found["eval/loss"].keys().collect::<Vec<_>>(), [&6, &8]);
    // Three steps of two pairs, and two at the end.
    for (tag, step, count) in [("train/rewards/chosen", 3, 6.0), ("train/log_ratios/rejected", 8, 4.0)] {
        let histogram = Fields::parse(&found[&format!("{tag}/histogram")][&step][0]);
        let (mean, expected) = (histogram.double(4) / count, f64::from(scalar(&found[tag][&step][0])));
        assert_eq!(histogram.double(3), count, "{tag}");
        assert!((mean - expected).abs() < 1e-6 && mean != 0.0, "{tag}: {mean}, expected {expected}");
    }
    let held_out = Fields::parse(&found["eval/rewards/margins/histogram"][&6][0]);
    let rows = std::fs::read_to_string(crate::support::golden_path("train.jsonl")).unwrap().lines().count();
    assert_eq!(held_out.double(3), rows as f64);
    let args = Fields::parse(&found["args/text_summary"][&0][0]).text(8);
    assert!(args.contains("\"loss_type\": [") && args.contains("    {"), "{args}");
    assert!(Fields::parse(&found["model_config/text_summary"][&0][0]).text(8).contains("\"n_embd\""));
    assert_eq!(found["samples/2/text_summary"].keys().collect::<Vec<_>>(), [&0, &6, &8]);
    assert!(Fields::parse(&found["samples/1/text_summary"][&0][0]).text(8).starts_with("> The\n"));
    assert!(found.contains_key("_hparams_/session_start_info") && found.contains_key("_hparams_/session_end_info"));
}

#[test]
fn a_run_that_is_killed_and_resumed_has_each_step_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let begin = Instant::now();
    finish(dpo(dir, "whole", 40, "--report-to tensorboard"));
    let duration = begin.elapsed();
    let mut random = random_numbers(3);
    let mut kills = 0;
    while kills < 12 {
        let mut child =
            dpo(dir, "run", 40, "--report-to tensorboard").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(duration.mul_f64(random() * 0.7));
        child.kill().unwrap();
        match child.wait().unwrap().success() {
            true => break,
            false => kills += 1,
        }
    }
    finish(dpo(dir, "run", 40, "--report-to tensorboard"));
    assert!(kills >= 3 && event_files(&dir.join("run/runs")).len() >= 3, "{kills} kills");
    let [mut run, mut whole] = ["run", "whole"].map(|name| values(&dir.join(name).join("runs")));
    for values in [&mut run, &mut whole] {
        // Durations differ, and the options have the name of the folder.
        values.remove("eval/runtime");
        values.retain(|tag, _| !tag.starts_with("_hparams_") && !tag.starts_with("args"));
    }
    // A run that is killed after its last step logs that step again, with the same values.
    for points in run.values_mut() {
        points.get_mut(&40).into_iter().for_each(|values| values.dedup());
    }
    assert!(whole.len() > 30 && whole["train/loss"].len() == 14, "{:?}", whole.keys());
    for (tag, points) in &whole {
        assert_eq!(run.get(tag), Some(points), "{tag}");
    }
    assert_eq!(run.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
}

#[test]
fn a_run_that_is_tracked_only_after_its_resume_has_the_earlier_steps_too() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut child = dpo(dir, "run", 40, "").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !dir.join("run/checkpoint-8").exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("run/runs").exists() && !dir.join("run/model").exists());
    finish(dpo(dir, "run", 40, "--report-to tensorboard"));
    let expected: Vec<u64> = metrics(&dir.join("run"))
        .iter()
        .filter(|line| line.get("loss").is_some())
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    let found: Vec<u64> = values(&dir.join("run/runs"))["train/loss"].keys().copied().collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), 14);
}

#[test]
fn another_run_is_not_mixed_into_event_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    finish(dpo(dir, "first", 2, "--report-to tensorboard --logging-dir tb"));
    let output = dpo(dir, "second", 2, "--report-to tensorboard --logging-dir tb").output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && message.contains("event files of another run"), "{message}");
    assert_eq!(event_files(&dir.join("tb")).len(), 1);
    assert!(!dir.join("second/metrics.jsonl").exists());
    finish(dpo(dir, "second", 2, "--report-to tensorboard --logging-dir tb --run-name second"));
}

#[test]
fn rank_0_alone_writes_and_has_the_rows_of_all_processes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    finish(dpo(dir, "run", 4, "--report-to tensorboard --nproc-per-node 2"));
    assert_eq!(event_files(&dir.join("run/runs")).len(), 1);
    let found = values(&dir.join("run/runs"));
    // Three steps of two pairs in each of two processes.
    assert_eq!(Fields::parse(&found["train/rewards/margins/histogram"][&3][0]).double(3), 12.0);
}
