//! Runs the program.

// Not every test file uses all functions of this module.
#![allow(dead_code)]

pub mod chat_model;
pub mod run_files;

use std::path::Path;
use std::process::{Command, Output};

/// Options that select the tiny models of the golden data, for each model option that is not given. So tests do not depend on the bundled
/// models, which are larger.
fn tiny_models(name: &str, args: &[&str]) -> Vec<String> {
    let [gpt2, distilbert] = ["models/gpt2-tiny", "models/distilbert-tiny"].map(golden_path);
    let tiny = match name {
        // A new model is trained from random weights.
        _ if args.contains(&"--model-config") || args.contains(&"--vocab-size") => vec![],
        "online-dpo" | "grpo" | "rloo" if args.contains(&"--judge") || args.contains(&"--reward-funcs") => {
            vec![("--model", gpt2)]
        }
        "online-dpo" | "grpo" | "rloo" => vec![("--model", gpt2), ("--reward-model", distilbert)],
        "classify" if args.contains(&"--judge") => vec![],
        "generate" | "logps" | "dpo" | "cpo" | "kto" | "sft" | "reward" | "merge-adapter" => vec![("--model", gpt2)],
        "classify" | "train-classifier" => vec![("--model", distilbert)],
        "frontier" if args.contains(&"--judge") => vec![("--model", gpt2)],
        "notebook" | "frontier" => vec![("--model", gpt2), ("--reward-model", distilbert)],
        "evaluate" => vec![("--tokenizer", gpt2)],
        _ => vec![],
    };
    let missing = tiny.into_iter().filter(|(option, _)| !args.contains(option));
    missing.flat_map(|(option, model)| [option.to_owned(), model]).collect()
}

/// A subcommand that runs in `dir` with an empty hub cache, without network access, and with the tiny models unless others are given.
pub fn command(name: &str, dir: &Path, args: &[&str]) -> Command {
    let mut command = command_with_bundled_models(name, dir, args);
    command.args(tiny_models(name, args));
    command
}

/// [`command`] with the bundled models unless others are given.
pub fn command_with_bundled_models(name: &str, dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_align"));
    command
        .arg(name)
        .args(args)
        .current_dir(dir)
        // Several programs share the processors, so waiting threads must not spin.
        .env("OMP_WAIT_POLICY", "passive")
        .env("HF_HOME", dir.join("hub"))
        .env("HF_HUB_OFFLINE", "1");
    for variable in ["HF_ENDPOINT", "HF_TOKEN", "HF_HUB_CACHE", "HF_TOKEN_PATH", "HUGGINGFACE_HUB_CACHE"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a subcommand as [`command`] sets it up.
pub fn run(name: &str, dir: &Path, args: &[&str]) -> Output {
    command(name, dir, args).output().unwrap()
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The path of a file or folder of the golden data.
pub fn golden_path(name: &str) -> String {
    format!("{}/tests/golden/data/{name}", repository().display())
}
