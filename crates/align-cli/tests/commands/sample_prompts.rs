//! `--sample-prompts` with conversations.

use crate::support::chat_model::write_chat_model;
use crate::support::{golden_path, run};
use crate::{lines, ok};
use serde_json::Value;
use std::path::Path;

const QUESTIONS: &str = concat!(
    r#"{"prompt": [{"role": "system", "content": "Be <b>brief</b>."}, {"role": "user", "content": "Hello"}]}"#,
    "\n",
    r#"{"prompt": [{"role": "user", "content": "Is it long?"}]}"#,
    "\n"
);

fn dpo(model: &str, output: &str) -> Vec<String> {
    let data = golden_path("train_chat.jsonl");
    let options = ["--model", model, "--train-file", &data, "--max-steps", "2", "--learning-rate", "1e-2"];
    let samples = ["--sample-prompts", "questions.jsonl", "--output-dir", output];
    options.iter().chain(&samples).map(|option| (*option).to_owned()).collect()
}

fn answers(dir: &Path, model: &str) -> Vec<Value> {
    let args = ["--model", model, "--messages", "questions.jsonl", "--max-new-tokens", "8", "--json"];
    let document: Value = serde_json::from_str(&ok("generate", dir, &args)).unwrap();
    document["texts"].as_array().unwrap().clone()
}

/// Conversations are answered before and after training, and the report has both answers.
#[test]
fn conversations_are_answered_before_and_after_training() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    std::fs::write(dir.join("questions.jsonl"), QUESTIONS).unwrap();
    let args = dpo("chat-model", "run");
    ok("dpo", dir, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let samples = lines(&dir.join("run/samples.jsonl"));
    assert_eq!(samples.iter().map(|sample| sample["step"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 0, 2, 2]);
    // The answers begin with those of `generate`, which have fewer tokens.
    let expected = [answers(dir, "chat-model"), answers(dir, "run/model")].concat();
    for (sample, expected) in samples.iter().zip(&expected) {
        assert_eq!(sample["prompt"], expected["prompt"]);
        let text = |row: &Value| row["completion"][0]["content"].as_str().unwrap().to_owned();
        let (found, beginning) = (text(sample), text(expected));
        // The last token may be a part of a character.
        assert!(found.starts_with(beginning.trim_end_matches('\u{fffd}')), "{found:?} {beginning:?}");
        assert_eq!(sample["completion"][0]["role"], "assistant");
    }
    assert_ne!(samples[1]["completion"], samples[3]["completion"], "the learning rate is high");
    let page = std::fs::read_to_string(dir.join("run/report.html")).unwrap();
    for part in ["id=\"texts\"", "system: Be &lt;b&gt;brief&lt;/b&gt;.\nuser: Hello", "before training", "after step 2"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("class=\"rewards\""));
}

/// Refused before anything of the run is written.
#[test]
fn prompts_that_cannot_be_answered_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write_chat_model(dir);
    let long = format!(r#"{{"prompt": [{{"role": "user", "content": "{}"}}]}}"#, "long ".repeat(300));
    let plain = golden_path("models/gpt2-tiny");
    for (model, questions, parts) in [
        (plain.as_str(), QUESTIONS, ["--sample-prompts", "no chat template"]),
        ("chat-model", &format!("{QUESTIONS}{long}"), ["row 3", "no room for an answer"]),
        ("chat-model", r#"{"prompt": [{"content": "A film"}]}"#, ["questions.jsonl", "role"]),
        ("chat-model", r#"{"text": "A film"}"#, ["questions.jsonl", "prompt"]),
    ] {
        std::fs::write(dir.join("questions.jsonl"), questions).unwrap();
        let mut args = dpo(model, "run");
        if model == plain {
            // Rows of texts, since the model has no template for others.
            args[3] = golden_path("train.jsonl");
        }
        let output = run("dpo", dir, &args.iter().map(String::as_str).collect::<Vec<_>>());
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && parts.iter().all(|part| problem.contains(part)), "{parts:?}: {problem}");
        for file in ["metrics.jsonl", "samples.jsonl"] {
            assert!(!dir.join("run").join(file).exists(), "{file}");
        }
    }
}
