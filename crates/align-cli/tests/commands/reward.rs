//! Reward models: training, and scoring with them.

use crate::ok;
use crate::support::{golden_path, run};
use serde_json::Value;
use std::path::Path;

fn json(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn rows(file: &Path) -> Vec<Value> {
    std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn accuracy(output: &str) -> Vec<Value> {
    serde_json::from_str::<Value>(output).unwrap()["accuracy"].as_array().unwrap().clone()
}

/// A language model gets a head with one output, which learns the pairs; an interrupted run ends with the same bytes.
#[test]
fn a_language_model_becomes_a_reward_model() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, pairs) = (dir.path(), golden_path("reward.jsonl"));
    let options =
        ["--train-file", &pairs, "--num-train-epochs", "8", "--learning-rate", "3e-3", "--save-strategy", "epoch"];
    ok("reward", dir, &[&options[..], &["--output-dir", "run"]].concat());
    let config = json(&dir.join("run/model/config.json"));
    assert_eq!(config["architectures"], serde_json::json!(["GPT2ForSequenceClassification"]));
    assert_eq!(config["id2label"], serde_json::json!({ "0": "LABEL_0" }));
    // The tokeniser's padding token; the language model's config has none.
    assert_eq!(config["pad_token_id"], 0);
    let scored = ["--pairs", "--model", "run/model", "--input", &pairs, "--output", "scored.jsonl", "--json"];
    let all = accuracy(&ok("classify", dir, &[&scored[..], &["--group-by", "margin"]].concat()));
    let groups: Vec<&str> = all.iter().map(|accuracy| accuracy["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["0", "0.5", "1", "0.25", "all"]);
    assert_eq!(all.iter().map(|accuracy| accuracy["pairs"].as_u64().unwrap()).collect::<Vec<_>>(), [8, 8, 8, 8, 32]);
    assert!(all[4]["accuracy"].as_f64().unwrap() > 0.95, "{all:?}");
    // The scores in the table are those that the accuracy was counted from, and those of the whole texts.
    let first = &rows(&dir.join("scored.jsonl"))[0];
    let text = format!("{}{}", first["prompt"].as_str().unwrap(), first["chosen"].as_str().unwrap());
    std::fs::write(dir.join("text.jsonl"), serde_json::json!({ "text": text }).to_string()).unwrap();
    ok("classify", dir, &["--model", "run/model", "--input", "text.jsonl", "--output", "one.jsonl"]);
    let one = rows(&dir.join("one.jsonl"))[0]["score"].as_f64().unwrap();
    assert!((one - first["chosen_score"].as_f64().unwrap()).abs() < 1e-4, "{one}, {first}");

    ok("reward", dir, &[&options[..], &["--output-dir", "again"]].concat());
    std::fs::remove_dir_all(dir.join("again/checkpoint-32")).unwrap();
    std::fs::remove_dir_all(dir.join("again/model")).unwrap();
    ok("reward", dir, &[&options[..], &["--output-dir", "again", "--resume"]].concat());
    let weights = |run: &str| std::fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert!(weights("again") == weights("run"));
    // Other margins are other rows.
    let other: String = rows(Path::new(&pairs)).into_iter().fold(String::new(), |all, mut row| {
        row["margin"] = 0.75.into();
        format!("{all}{row}\n")
    });
    std::fs::write(dir.join("other.jsonl"), other).unwrap();
    std::fs::remove_dir_all(dir.join("again/model")).unwrap();
    let more = ["--output-dir", "again", "--resume", "--train-file", "other.jsonl"];
    let refused = run("reward", dir, &[&options[2..], &more].concat());
    assert!(!refused.status.success(), "a run was resumed with other margins");
}

#[test]
fn an_adapter_is_trained_with_its_head() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, model) = (dir.path(), golden_path("models/llama-tiny"));
    let (chats, lora) = (golden_path("train_chat.jsonl"), ["--use-peft", "--lora-r", "4", "--learning-rate", "2e-2"]);
    let options = ["--model", &model, "--train-file", &chats, "--num-train-epochs", "8", "--output-dir", "run"];
    ok("reward", dir, &[&options[..], &lora].concat());
    let config = json(&dir.join("run/model/adapter_config.json"));
    assert_eq!(config["task_type"], "SEQ_CLS");
    assert_eq!(config["modules_to_save"], serde_json::json!(["score"]));
    let scored = ["--pairs", "--model", "run/model", "--input", &chats, "--output", "scored.jsonl", "--json"];
    let all = accuracy(&ok("classify", dir, &scored));
    assert!(all[0]["accuracy"].as_f64().unwrap() > 0.8, "{all:?}");
    // Merged into the base model, it gives the same scores.
    ok("merge-adapter", dir, &["--model", &model, "--adapter", "run/model", "--output-dir", "merged"]);
    let config = json(&dir.join("merged/config.json"));
    assert_eq!(config["architectures"], serde_json::json!(["LlamaForSequenceClassification"]));
    let merged = ["--pairs", "--model", "merged", "--input", &chats, "--output", "merged.jsonl"];
    ok("classify", dir, &merged);
    let score = |file: &str| rows(&dir.join(file)).iter().map(|row| row["chosen_score"].as_f64().unwrap()).collect();
    let both: [Vec<f64>; 2] = [score("scored.jsonl"), score("merged.jsonl")];
    assert!(both[0].iter().zip(&both[1]).all(|(a, b)| (a - b).abs() < 1e-5), "{both:?}");
    // Without its head it would be another model.
    for command in [
        &["soup", "--model", "merged", "--model", "merged", "--output-dir", "soup"][..],
        &["compare", "merged", "merged"],
    ] {
        let refused = run(command[0], dir, &command[1..]);
        let message = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && message.contains("a language model is needed"), "{message}");
    }
    // It is no adapter of a language model.
    let refused = run("generate", dir, &["--model", "run/model", "--prompt", "Hi", "--max-new-tokens", "2"]);
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && message.contains("SEQ_CLS"), "{message}");
    // Training goes on from the adapter.
    let further =
        ["--model", "run/model", "--train-file", &chats, "--max-steps", "1", "--use-peft", "--output-dir", "further"];
    ok("reward", dir, &further);
    assert!(dir.join("further/model/adapter_model.safetensors").exists());
}

/// Each judge has a column, and a conversation is scored as its chat template writes it.
#[test]
fn several_judges_score_conversations() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, reward) = (dir.path(), golden_path("models/llama-tiny-reward"));
    let messages = |answer: &str| serde_json::json!({ "messages": [{ "role": "user", "content": "Was it fun?" }, { "role": "assistant", "content": answer }], "id": answer.len() });
    std::fs::write(dir.join("chats.jsonl"), format!("{}\n{}\n", messages("Yes."), messages("Not at all."))).unwrap();
    let (raw, halves) = (format!("raw={reward}"), format!("sure={reward}:probability:0"));
    let judges = ["--judge", &raw, "--judge", &halves, "--input", "chats.jsonl", "--output", "judged.jsonl"];
    ok("classify", dir, &judges);
    let judged = rows(&dir.join("judged.jsonl"));
    assert_eq!(judged[1]["id"], 11);
    assert_eq!(judged[0]["messages"][1]["content"], "Yes.");
    for row in &judged {
        let (raw, sure) = (row["raw"].as_f64().unwrap(), row["sure"].as_f64().unwrap());
        assert!((sure - 1.0 / (1.0 + (-raw).exp())).abs() < 1e-6, "{row}");
    }
    assert_ne!(judged[0]["raw"], judged[1]["raw"]);
}

#[test]
fn what_cannot_be_a_reward_model_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, pairs) = (dir.path(), golden_path("reward.jsonl"));
    std::fs::write(dir.join("texts.jsonl"), "{\"text\": \"A joy.\"}\n").unwrap();
    std::fs::write(dir.join("margins.jsonl"), "{\"chosen\": \"a\", \"rejected\": \"b\", \"margin\": \"wide\"}\n")
        .unwrap();
    let (gpt2, classifier) = (golden_path("models/gpt2-tiny"), golden_path("models/gpt2-tiny-classifier"));
    let (good, unknown, language) =
        (format!("a={classifier}:logit:good"), format!("a={classifier}:logit:fine"), format!("a={gpt2}"));
    let texts = ["--input", "texts.jsonl", "--output", "scored.jsonl"];
    let scored = ["--pairs", "--input", &pairs, "--output", "scored.jsonl"];
    let train = ["--train-file", &pairs, "--output-dir", "run"];
    let cases: [(&str, Vec<&str>, &[&str]); 11] = [
        ("reward", [&train[..], &["--model", &classifier]].concat(), &["\"dull\"", "a reward model has one"]),
        ("reward", [&train[..], &["--center-rewards-coefficient", "0"]].concat(), &["--center-rewards-coefficient"]),
        ("reward", [&train[..], &["--max-length", "0"]].concat(), &["max"]),
        ("reward", vec!["--train-file", "margins.jsonl", "--output-dir", "run"], &["margin", "a finite number"]),
        ("reward", vec!["--train-file", "texts.jsonl", "--output-dir", "run"], &["chosen"]),
        ("classify", [&texts[..], &["--judge", &language]].concat(), &["GPT2LMHeadModel", "align reward"]),
        ("classify", [&texts[..], &["--judge", &unknown]].concat(), &["--judge a", "\"fine\"", "\"good\""]),
        ("classify", [&texts[..], &["--judge", &good, "--judge", &good]].concat(), &["--judge a", "two judges"]),
        ("classify", [&texts[..], &["--judge", "text=x"]].concat(), &["--judge text", "another name"]),
        ("classify", [&texts[..], &["--judge", "x"]].concat(), &["NAME=MODEL"]),
        ("classify", [&scored[..], &["--group-by", "subset"]].concat(), &["--group-by subset", "no column"]),
    ];
    for (name, args, parts) in cases {
        let mut command = crate::support::command_with_bundled_models(name, dir, &args);
        let output = command.output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{args:?}");
        for part in parts {
            assert!(message.contains(part), "{args:?}: {message}");
        }
        assert!(!message.contains("panicked"), "{message}");
    }
}
