//! Running the examples as their users do.

// Every test file takes its part of this module.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn example(name: &str) -> PathBuf {
    // Test binaries stand in target/PROFILE/deps, examples in target/PROFILE/examples.
    let exe = std::env::current_exe().unwrap();
    let path = exe.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing: build it with `cargo build --examples`", path.display());
    path
}

/// The tiny models of the golden data, for the options of an example that name a model and are not given: a test depends on no
/// embedded model, and takes no longer where that is larger.
fn tiny_models(name: &str, args: &[&str]) -> Vec<String> {
    let [gpt2, distilbert] = ["models/gpt2-tiny", "models/distilbert-tiny"].map(kept);
    let tiny = match name {
        // Random weights take the place of a model.
        _ if args.contains(&"--model-config") || args.contains(&"--vocab-size") => vec![],
        "generate" | "logps" | "dpo" | "cpo" | "kto" | "sft" | "merge_adapter" => vec![("--model", gpt2)],
        "classify" | "train_classifier" => vec![("--model", distilbert)],
        "dpo_hinge" | "dpo_sigmoid" | "frontier" => vec![("--model", gpt2), ("--reward-model", distilbert)],
        "evaluate" => vec![("--tokenizer", gpt2)],
        _ => vec![],
    };
    let missing = tiny.into_iter().filter(|(option, _)| !args.contains(option));
    missing.flat_map(|(option, model)| [option.to_owned(), model]).collect()
}

/// An example in `dir`, with an empty hub cache and no network, on the tiny models unless others are named.
pub fn command(name: &str, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(example(name));
    command
        .args(args)
        .args(tiny_models(name, args))
        .current_dir(dir)
        .env("HF_HOME", dir.join("hub"))
        .env("HF_HUB_OFFLINE", "1");
    for variable in ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "HF_TOKEN_PATH", "HUGGINGFACE_HUB_CACHE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs such an example.
pub fn run(name: &str, dir: &Path, args: &[&str]) -> Output {
    command(name, dir, args).output().unwrap()
}

/// A file or folder of the golden data that the repository keeps.
pub fn kept(name: &str) -> String {
    format!("{}/tests/golden/data/{name}", env!("CARGO_MANIFEST_DIR"))
}
