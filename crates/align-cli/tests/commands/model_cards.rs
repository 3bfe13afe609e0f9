//! The commands that model cards show can be run as they are, with the models' folders in place of the placeholders.

use crate::ok;
use crate::support::golden_path;
use std::path::Path;

/// Runs the commands of a run's model card.
fn run_commands(dir: &Path, run: &str) -> Vec<String> {
    let card = std::fs::read_to_string(dir.join(run).join("model/README.md")).unwrap();
    let commands = card.split_once("```sh\n").unwrap().1.split_once("\n```").unwrap().0;
    let base = golden_path("models/gpt2-tiny");
    let commands = commands.replace("path/to/base-model", &base).replace("path/to/model", &format!("{run}/model"));
    let output = |command: &str| {
        // Every second part is in quotes.
        let parts = command.split('"').enumerate();
        let words: Vec<&str> = parts
            .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
            .collect();
        let ["align", name, arguments @ ..] = words.as_slice() else { panic!("{command}") };
        ok(name, dir, arguments)
    };
    commands.lines().map(output).collect()
}

#[test]
fn the_commands_of_model_cards_run() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = golden_path("train.jsonl");
    let base = ["--train-file", pairs.as_str(), "--max-steps", "1"];
    ok("dpo", dir, &[base.as_slice(), &["--output-dir", "full"]].concat());
    assert!(run_commands(dir, "full")[0].contains("The film was"));
    ok("dpo", dir, &[base.as_slice(), &["--output-dir", "adapter", "--use-peft"]].concat());
    assert!(run_commands(dir, "adapter")[1].contains("The film was"));

    let rows = ["{\"text\": \"good\", \"label\": 1}\n", "{\"text\": \"bad\", \"label\": 0}\n"].concat().repeat(4);
    std::fs::write(dir.join("texts.jsonl"), rows).unwrap();
    std::fs::write(dir.join("texts.csv"), "text\nA fine film.\n").unwrap();
    ok("train-classifier", dir, &["--train-file", "texts.jsonl", "--max-steps", "1", "--output-dir", "classifier"]);
    run_commands(dir, "classifier");
    assert!(std::fs::read_to_string(dir.join("scored.csv")).unwrap().contains("A fine film."));
}
