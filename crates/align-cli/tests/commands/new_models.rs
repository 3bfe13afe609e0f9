//! Training of new models from random weights.

use crate::support::{golden_path, run};
use crate::{lines, ok};
use std::path::Path;

/// Writes `gpt2.json`, `bert.json` (without `vocab_size`, which the tokeniser decides), and `texts.jsonl` with labels.
fn write_inputs(dir: &Path) {
    let gpt2 = r#"{"model_type": "gpt2", "n_positions": 64, "n_embd": 16, "n_layer": 1, "n_head": 2}"#;
    std::fs::write(dir.join("gpt2.json"), gpt2).unwrap();
    let bert = r#"{"model_type": "distilbert", "max_position_embeddings": 64, "dim": 16, "n_layers": 1,
        "n_heads": 2, "hidden_dim": 32}"#;
    std::fs::write(dir.join("bert.json"), bert).unwrap();
    let golden = std::fs::read_to_string(golden_path("train_kto.jsonl")).unwrap();
    let labelled = golden.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = row["prompt"].as_str().unwrap().to_owned() + row["completion"].as_str().unwrap();
        serde_json::json!({"text": text, "label": i64::from(row["label"].as_bool().unwrap())}).to_string() + "\n"
    });
    std::fs::write(dir.join("texts.jsonl"), labelled.collect::<String>()).unwrap();
}

#[test]
fn new_models_are_trained_from_texts() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_inputs(dir);
    let steps = ["--max-steps", "4", "--logging-steps", "2", "--save-strategy", "steps", "--save-steps", "2"];
    let base = ["--train-file", "texts.jsonl", "--eval-file", "texts.jsonl", "--vocab-size", "300"];
    let packed = ["--model-config", "gpt2.json", "--packing", "--max-length", "32"];
    for (command, options, metric) in
        [("sft", packed.as_slice(), "perplexity"), ("train-classifier", &["--model-config", "bert.json"], "accuracy")]
    {
        let with = |out: &str, more: &[&str]| {
            let out = format!("{command}-{out}");
            ok(command, dir, &[base.as_slice(), options, &steps, &["--output-dir", &out], more].concat())
        };
        let stdout = with("whole", &[]);
        assert!(stdout.contains("new tokeniser with 300 tokens") && stdout.contains(metric), "{stdout}");
        let model = |out: &str| std::fs::read(dir.join(format!("{command}-{out}/model/model.safetensors"))).unwrap();
        with("resumed", &[]);
        let run = dir.join(format!("{command}-resumed"));
        std::fs::remove_dir_all(run.join("checkpoint-4")).unwrap();
        std::fs::remove_dir_all(run.join("model")).unwrap();
        let stdout = with("resumed", &["--resume"]);
        assert!(stdout.contains("at step 2 of 4") && !stdout.contains("trained on the texts"), "{stdout}");
        assert!(model("resumed") == model("whole"), "{command}");
    }
    let prompts = ["--prompt", "This movie", "--model", "sft-whole/model", "--max-new-tokens", "4"];
    ok("generate", dir, &prompts);
    let scored = ["--input", "texts.jsonl", "--output", "scored.jsonl", "--model", "train-classifier-whole/model"];
    ok("classify", dir, &scored);
    // Training can start from a model's folder too, and prompts can be excluded from the loss.
    let pairs = std::fs::read_to_string(golden_path("train.jsonl")).unwrap().replace("\"chosen\"", "\"completion\"");
    std::fs::write(dir.join("completions.jsonl"), pairs).unwrap();
    let finetuning =
        ["--train-file", "completions.jsonl", "--max-length", "128", "--max-steps", "1", "--output-dir", "finetuned"];
    ok("sft", dir, &[finetuning.as_slice(), &["--completion-only-loss", "true", "--logging-steps", "1"]].concat());
    assert!(lines(&dir.join("finetuned/metrics.jsonl"))[0]["mean_token_accuracy"].is_f64());
    let finetuning =
        ["--train-file", "texts.jsonl", "--max-length", "64", "--max-steps", "1", "--output-dir", "classifier"];
    ok("train-classifier", dir, &finetuning);
}

#[test]
fn invalid_options_of_new_models_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_inputs(dir);
    let refused = |command: &str, options: &[&str]| {
        let output = run(command, dir, &[&["--train-file", "texts.jsonl", "--output-dir", "none"], options].concat());
        assert!(!output.status.success(), "{command} {options:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("sft", &["--model-config", "gpt2.json"]).contains("--vocab-size"));
    assert!(refused("sft", &["--vocab-size", "300"]).contains("--model-config"));
    assert!(refused("sft", &["--vocab-size", "300", "--model", "gpt2"]).contains("conflicts with --model"));
    assert!(
        refused("sft", &["--model-config", "gpt2.json", "--vocab-size", "9", "--max-length", "32"]).contains("257")
    );
    assert!(refused("sft", &["--packing-strategy", "bfd"]).contains("wrapped"));
    assert!(
        refused("train-classifier", &["--model-config", "gpt2.json", "--vocab-size", "300"]).contains("distilbert")
    );
    assert!(refused("train-classifier", &["--sample-prompts", "x", "--eval-strategy", "epoch"]).contains("classifier"));
}
