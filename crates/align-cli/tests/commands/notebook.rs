//! The command `notebook`.

use crate::ok;
use crate::support::{golden_path, run};

/// Small enough for a debug build.
const SMALL_NOTEBOOK: [&str; 12] = [
    "--texts-per-prompt",
    "2",
    "--eval-texts-per-prompt",
    "1",
    "--text-length",
    "16",
    "--num-train-epochs",
    "1",
    "--learning-rate",
    "3e-4",
    "--num-shown-prompts",
    "2",
];

#[test]
fn the_notebook_end_to_end() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut tables = Vec::new();
    for (name, other) in [("hinge", "sigmoid"), ("sigmoid", "hinge")] {
        let report = format!("{name}.html");
        let more = ["--output-dir", name, "--report", &report];
        let out = ok("notebook", dir, &[&["--loss", name][..], &SMALL_NOTEBOOK, &more].concat());
        for part in ["Token entropy", "Mean reward", "held-out loss", "KL(model‖SFT)"] {
            assert!(out.contains(part), "{part} is not in\n{out}");
        }
        let compared = out.split_once("from each model").unwrap().1;
        assert!(compared.lines().all(|line| line.chars().count() <= 80), "{compared}");
        // Each model is in the table and in the texts of two prompts.
        let headings = ["SFT", name, other];
        assert!(compared.lines().any(|line| line.split_whitespace().eq(headings)), "{out}");
        for model in headings {
            let lines = compared.lines().filter(|line| line.trim_start().starts_with(&format!("{model} "))).count();
            assert!(lines >= 2, "{model} has {lines} lines in\n{out}");
        }
        let shown: Vec<&str> = out.lines().filter(|line| ["This movie", "Director", "Actors"].contains(line)).collect();
        assert_eq!(shown, ["This movie", "Director"], "{out}");
        let card = std::fs::read_to_string(dir.join(name).join("README.md")).unwrap();
        assert!(dir.join(name).join("model.safetensors").exists() && card.contains(name), "{card}");
        let reward = compared.lines().skip_while(|line| !line.starts_with("Mean reward")).take(2);
        let mut rewards: Vec<String> = reward.collect::<Vec<_>>().join(" ").split("  ").map(str::to_owned).collect();
        rewards.retain(|cell| cell.contains(|c: char| c.is_ascii_digit()));
        rewards.sort();
        tables.push(rewards);

        let page = std::fs::read_to_string(dir.join(&report)).unwrap();
        for part in ["<svg", "Reward margin", "held-out", "Reward (logit)", "num_train_epochs", "Behind the scenes"] {
            assert!(page.contains(part), "{part} is not in {report}");
        }
        assert!(!page.contains("<script") && !page.contains(&golden_path("")), "{report}");
    }
    // --loss decides only which of the two losses comes first.
    assert!(tables[0].len() >= 3, "{tables:?}");
    assert_eq!(tables[0], tables[1]);

    let out = ok("notebook", dir, &[SMALL_NOTEBOOK.as_slice(), &["--single-loss", "--num-beams", "1"]].concat());
    assert!(!out.contains("sigmoid"), "{out}");
    let data = golden_path("train.jsonl");
    let files = ["--train-file", &data, "--eval-file", &data, "--eval-texts-per-prompt", "1", "--text-length", "12"];
    let out = ok("notebook", dir, &[files.as_slice(), &["--single-loss"]].concat());
    assert!(out.contains("epoch 3.00: held-out loss") && !out.contains("  held-out "), "{out}");
}

#[test]
fn invalid_notebook_options_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("existing.html"), "unchanged").unwrap();
    for (options, message_part) in [
        (vec!["--report", "existing.html"], "existing.html exists already"),
        (vec!["--overwrite"], "--report"),
        (vec!["--output-dir", "."], "exists already"),
        (vec!["--texts-per-prompt", "0"], "--texts-per-prompt"),
        (vec!["--texts-per-prompt", "1"], "a pair needs two texts"),
        (vec!["--eval-texts-per-prompt", "0"], "--eval-texts-per-prompt"),
        (vec!["--batch-size", "0"], "--batch-size"),
        (vec!["--temperature", "0"], "temperature"),
        (vec!["--num-beams", "0"], "--num-beams"),
        (vec!["--text-length", "129"], "--text-length"),
        (vec!["--text-length", "2"], "--text-length"),
        (vec!["--beta", "-1"], "beta"),
        (vec!["--eval-file", "existing.html"], "--train-file"),
        (vec!["--train-file", "x.jsonl", "--texts-per-prompt", "3"], "--texts-per-prompt"),
    ] {
        let output = run("notebook", dir, &[&["--loss", "sigmoid"][..], &options].concat());
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains(message_part), "{options:?}: {problem}");
    }
    assert_eq!(std::fs::read_to_string(dir.join("existing.html")).unwrap(), "unchanged");
}
