//! Checkpoints, cached log-probabilities and journals that are damaged or from another model.

use crate::case::*;
use crate::support::run;
use std::fs;
use std::path::Path;

/// Trains a run in `run` with two checkpoints.
fn run_with_two_checkpoints(dir: &Path) {
    write(dir, "pairs.jsonl", PAIR.repeat(4));
    let words: Vec<&str> = short_run!(" --logging-steps 1").split(' ').skip(1).collect();
    let output = run("dpo", dir, &words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // As if the run had been killed before its end.
    fs::remove_file(dir.join("run/report.html")).unwrap();
}

/// Replaces text in a file. The text must occur.
fn edit(dir: &Path, name: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(name)).unwrap();
    assert!(text.contains(from), "{name} lacks {from}");
    fs::write(dir.join(name), text.replacen(from, to, 1)).unwrap();
}

fn flip_last(dir: &Path, name: &str) {
    let mut bytes = fs::read(dir.join(name)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(dir.join(name), bytes).unwrap();
}

/// Trains a run in `run` with a checkpoint, and copies its model to `model` with a change in its config.
fn run_and_changed_model(dir: &Path, from: &str, to: &str) {
    run_with_checkpoint(dir);
    copy_gpt2(dir);
    replace(dir, "config.json", from, to);
}

const CACHED_LOGPS: &str = short_run!(" --precompute-ref-log-probs --ref-log-probs-dir cache");

pub const CASES: &[Case] = &[
    case(
        "a checkpoint of a model with fewer heads",
        |d| run_and_changed_model(d, "\"n_head\": 4", "\"n_head\": 8"),
        short_run!(" --model model --resume"),
        &["checkpoint-1", "another model", "n_head was 4, is now 8"],
    ),
    case(
        "a checkpoint of a model with another scaling of attention",
        |d| {
            run_and_changed_model(
                d,
                "\"scale_attn_by_inverse_layer_idx\": false",
                "\"scale_attn_by_inverse_layer_idx\": true",
            )
        },
        short_run!(" --model model --resume"),
        &["checkpoint-1", "scale_attn_by_inverse_layer_idx was false, is now true"],
    ),
    case(
        "a checkpoint of another dtype",
        run_with_checkpoint,
        short_run!(" --dtype bfloat16 --resume"),
        &["checkpoint-1", "dtype was float32, is now bfloat16"],
    ),
    case(
        "a checkpoint of another matmul precision",
        run_with_checkpoint,
        short_run!(" --matmul-precision high --resume"),
        &["checkpoint-1", "--matmul-precision was", "is now \"high\"", "--allow-inexact-resume"],
    ),
    case(
        "--allow-inexact-resume without --resume",
        |d| write(d, "pairs.jsonl", PAIR),
        "dpo --train-file pairs.jsonl --output-dir run --allow-inexact-resume",
        &["--resume"],
    ),
    case(
        "a checkpoint with a flipped bit, and an intact one before it",
        |d| {
            run_with_two_checkpoints(d);
            flip_last(d, "run/checkpoint-2/model.safetensors")
        },
        RESUME,
        &["checkpoint-2/model.safetensors", "is damaged", "checkpoint-1 before it is intact", "Delete checkpoint-2"],
    ),
    case(
        "a checkpoint with a flipped bit, and none before it",
        |d| {
            run_with_checkpoint(d);
            flip_last(d, "run/checkpoint-1/optimizer.safetensors")
        },
        RESUME,
        &["checkpoint-1/optimizer.safetensors", "is damaged", "No checkpoint before checkpoint-1 is intact"],
    ),
    case(
        "a checkpoint of another step",
        |d| {
            run_with_checkpoint(d);
            edit(d, "run/checkpoint-1/trainer_state.json", "\"step\": 1", "\"step\": 0")
        },
        RESUME,
        &["checkpoint-1/trainer_state.json", "is damaged", "digest"],
    ),
    case(
        "a checkpoint with a changed manifest",
        |d| {
            run_with_checkpoint(d);
            edit(d, "run/checkpoint-1/manifest.json", "\"bytes\":", "\"bytes\":1")
        },
        RESUME,
        &["checkpoint-1/manifest.json", "is damaged"],
    ),
    case(
        "a checkpoint without a manifest, as earlier versions wrote them",
        |d| {
            run_with_checkpoint(d);
            fs::remove_file(d.join("run/checkpoint-1/manifest.json")).unwrap()
        },
        RESUME,
        &["checkpoint-1", "no manifest", "earlier version"],
    ),
    case(
        "a checkpoint without its weights",
        |d| {
            run_with_checkpoint(d);
            fs::remove_file(d.join("run/checkpoint-1/model.safetensors")).unwrap()
        },
        RESUME,
        &["checkpoint-1/model.safetensors", "is missing"],
    ),
    case(
        "a metrics file that lost a line",
        |d| {
            run_with_two_checkpoints(d);
            let text = fs::read_to_string(d.join("run/metrics.jsonl")).unwrap();
            write(d, "run/metrics.jsonl", text.lines().next().unwrap())
        },
        short_run!(" --logging-steps 1 --resume"),
        &["run/metrics.jsonl", "damaged", "move it away"],
    ),
    case(
        "cached log-probabilities with a flipped bit",
        |d| {
            write(d, "pairs.jsonl", PAIR.repeat(4));
            let words: Vec<&str> =
                CACHED_LOGPS.split(' ').skip(1).map(|word| if word == "run" { "first" } else { word }).collect();
            let output = run("dpo", d, &words);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let cached = fs::read_dir(d.join("cache")).unwrap().next().unwrap().unwrap().file_name();
            flip_last(d, &format!("cache/{}", cached.to_string_lossy()))
        },
        CACHED_LOGPS,
        &["cache/reference-logps-", "is damaged", "Delete it"],
    ),
    case(
        "a journal of an earlier version",
        |d| write(d, "out.csv.partial", "{\"align_journal\":1,\"job\":{}}\n{\"prompt\":0,\"texts\":[[1]]}\n"),
        "generate --prompt This --output out.csv",
        &["out.csv.partial", "earlier version", "--overwrite"],
    ),
];
