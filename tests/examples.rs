//! Runs every example with the tiny models of the golden data.
//!
//! `cargo test` builds the examples first; `cargo test --test examples` uses the last build of the examples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn built(name: &str) -> PathBuf {
    // Test binaries are in target/PROFILE/deps, examples in target/PROFILE/examples.
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --examples`", path.display());
    path
}

fn golden_path(name: &str) -> String {
    format!("{}/golden/data/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs an example in `dir` and returns its output. GPT2, DISTILBERT, QWEN2, PAIRS and LIKES in the arguments are replaced by paths.
fn run_example(name: &str, dir: &Path, args: &str) -> String {
    let words = args.split_whitespace().map(|word| match word {
        "GPT2" => golden_path("models/gpt2-tiny"),
        "DISTILBERT" => golden_path("models/distilbert-tiny"),
        "QWEN2" => golden_path("models/qwen2-tiny"),
        "PAIRS" => golden_path("train.jsonl"),
        "LIKES" => golden_path("train_kto.jsonl"),
        word => word.to_owned(),
    });
    let mut command = Command::new(built(name));
    let output = command
        .args(words)
        .current_dir(dir)
        .env("HF_HUB_OFFLINE", "1")
        .env("OMP_WAIT_POLICY", "passive")
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{name} {args}\n{out}\n{}", String::from_utf8_lossy(&output.stderr));
    out
}

const NOTEBOOK: &str =
    "--model GPT2 --reward-model DISTILBERT --texts-per-prompt 2 --num-train-epochs 0.2 --output-dir aligned";

/// Each example, its arguments, and parts of its output.
const EXAMPLES: &[(&str, &str, &[&str])] = &[
    ("audit", "PAIRS held-out.jsonl", &["control-characters: ", "length-bias: "]),
    ("chat", "QWEN2 Why? When?", &["> Why?\n", " tokens)\n> When?\n", " tokens)\n"]),
    ("chat_template", "QWEN2 Why?", &["<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n", " tokens\n"]),
    (
        "compare",
        "GPT2 GPT2 This-movie-was-great",
        &["squared distance of weights 0.0000", "layer 2: debiased CKA 1.0000"],
    ),
    ("dpo_hinge", NOTEBOOK, &["hinge − SFT", "sigmoid − SFT", "Mean reward", "\nThis movie\n"]),
    ("dpo_sigmoid", NOTEBOOK, &["hinge − SFT", "On held-out prompts"]),
    ("dpo", "GPT2 PAIRS run", &["8 steps", "reward accuracy "]),
    ("frontier", "GPT2 DISTILBERT sweep", &["sigmoid,", "hinge,"]),
    ("generate", "GPT2", &["|", "Animated films: "]),
    ("hub_model", "GPT2 Hello", &["Hello"]),
    ("judges", "judged.csv a,b,c schulze pairs.jsonl", &["of a and b: -1.00", "3 pairs from 3 texts"]),
    ("kto", "GPT2 LIKES run", &["steps 1 to 8: mean loss 0."]),
    ("online_dpo", "GPT2 DISTILBERT prompts.txt run", &["round 1: reward ", "round 3: reward ", "2 steps"]),
    ("lora", "GPT2 PAIRS run merged", &["8 steps, the adapter is in run/model"]),
    ("custom_loss", "GPT2 PAIRS", &["step 1: loss 1.0000, reward margin +0.0000", "step 8: loss "]),
    ("resume", "GPT2 PAIRS runs", &["stopped after step 3 of 6", "the weights are the same"]),
    ("reward", "GPT2 PAIRS run", &["8 steps", "reward +", "reward -"]),
    ("score", "DISTILBERT fine dull", &["0.", " fine\n", " dull\n"]),
    ("sft", "GPT2 texts.jsonl run", &["perplexity "]),
];

#[test]
fn every_example_runs_and_prints_its_results() {
    for (name, args, output_parts) in EXAMPLES {
        let dir = tempfile::tempdir().unwrap();
        let pairs = std::fs::read_to_string(golden_path("train.jsonl")).unwrap();
        std::fs::write(dir.path().join("texts.jsonl"), pairs.replace("\"chosen\"", "\"completion\"")).unwrap();
        let judged = "prompt,text,a,b,c\nP,x,3,1,2\nP,y,2,2,3\nP,z,1,3,1\n";
        std::fs::write(dir.path().join("judged.csv"), judged).unwrap();
        let held_out = r#"{"prompt": "Nobody", "chosen": " knew.", "rejected": " did."}"#;
        std::fs::write(dir.path().join("held-out.jsonl"), held_out).unwrap();
        std::fs::write(dir.path().join("prompts.txt"), "The film\nMy\nA story\nIn the end\n").unwrap();
        let out = run_example(name, dir.path(), args);
        for part in *output_parts {
            assert!(out.contains(part), "{name} {args}: {part:?} is not in\n{out}");
        }
    }
}

/// No example is missing from the list above, and none is too long.
#[test]
fn all_examples_are_listed_and_short() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let (mut names, mut total) = (BTreeSet::new(), 0);
    let mut folders = vec![folder.clone()];
    while let Some(dir) = folders.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let lines = std::fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 60, "{} has {lines} lines", path.display());
            total += lines;
            if dir == folder {
                names.insert(path.file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    assert!(total <= 1000, "{total} lines of examples");
    assert_eq!(names, EXAMPLES.iter().map(|(name, ..)| (*name).to_owned()).collect());
}
