//! Invocations of every command, with inputs that take about a second.

use crate::support::{self, golden_path};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A command with its arguments and outputs.
pub struct Invocation {
    pub name: &'static str,
    pub args: &'static str,
    /// The files that it writes, with the same bytes each time.
    pub outputs: &'static [&'static str],
    /// A file or folder and an option: the option is needed to run the command again if the file exists.
    pub rerun_option: Option<(&'static str, &'static str)>,
}

const fn invocation(name: &'static str, args: &'static str, outputs: &'static [&'static str]) -> Invocation {
    Invocation { name, args, outputs, rerun_option: None }
}

const MODEL: &[&str] = &["run/model/model.safetensors", "run/model/config.json", "run/model/tokenizer.json"];

const fn training(name: &'static str, args: &'static str) -> Invocation {
    Invocation { name, args, outputs: MODEL, rerun_option: Some(("run/metrics.jsonl", "--resume")) }
}

/// All commands except `push-to-hub`, which writes no file.
pub const COMMANDS: &[Invocation] = &[
    invocation("generate", "--prompt Hi --max-new-tokens 8", &[]),
    invocation("generate", "--do-sample --max-new-tokens 8 --seed 3 --batch-size 8 --output texts.csv", &["texts.csv"]),
    invocation("classify", "--input texts.jsonl --output classified.jsonl", &["classified.jsonl"]),
    invocation("pair", "--input scored.jsonl --output paired.jsonl", &["paired.jsonl"]),
    invocation("pair", "--aggregate borda --judges a,b --input judged.jsonl --output paired.jsonl", &["paired.jsonl"]),
    invocation("judges", "--judges a,b --input judged.jsonl --resamples 100 --report judges.html", &["judges.html"]),
    invocation("logps", "--input pairs.jsonl --output logps.jsonl", &["logps.jsonl"]),
    invocation("evaluate", "--input scored.jsonl --resamples 100 --output numbers.json", &["numbers.json"]),
    invocation("evaluate", "--input scored.jsonl texts.jsonl --resamples 100 --output numbers.json", &["numbers.json"]),
    Invocation {
        rerun_option: Some(("half", "--overwrite")),
        ..invocation(
            "convert",
            "--model MODEL --dtype float16 --output-dir half",
            &["half/model.safetensors", "half/config.json"],
        )
    },
    Invocation {
        rerun_option: Some(("merged", "--overwrite")),
        ..invocation("merge-adapter", "--adapter adapter --output-dir merged", &["merged/model.safetensors"])
    },
    Invocation {
        rerun_option: Some(("soup", "--overwrite")),
        ..invocation("soup", "--model adapter --model adapter=0.5 --output-dir soup", &["soup/model.safetensors"])
    },
    training(
        "dpo",
        "--train-file pairs.jsonl --eval-file pairs.jsonl --output-dir run --max-steps 4 --save-strategy steps --save-steps 2",
    ),
    training("cpo", "--train-file pairs.jsonl --output-dir run --max-steps 3"),
    training("online-dpo", "--output-dir run --rounds 2 --prompts-per-round 4 --max-new-tokens 8"),
    training("grpo", "--output-dir run --rounds 2 --prompts-per-round 2 --max-new-tokens 8"),
    training("rloo", "--output-dir run --rounds 2 --prompts-per-round 2 --max-new-tokens 8"),
    training("kto", "--train-file kto.jsonl --output-dir run --max-steps 3"),
    training("sft", "--train-file texts.jsonl --output-dir run --max-steps 3"),
    training("reward", "--train-file pairs.jsonl --output-dir run --max-steps 3"),
    training("train-classifier", "--train-file labelled.jsonl --output-dir run --max-steps 3"),
    invocation("notebook", NOTEBOOK, &["aligned/model.safetensors"]),
    invocation("notebook", SIGMOID, &["aligned/model.safetensors"]),
    invocation(
        "frontier",
        "--output-dir sweep --texts-per-prompt 2 --training-texts-per-prompt 3 --pairs-per-prompt 2 --num-train-epochs 0.5 \
         --losses sigmoid --betas 0.1,1 --max-new-tokens 6",
        &["sweep/frontier.csv"],
    ),
];

const NOTEBOOK: &str = "--texts-per-prompt 2 --eval-texts-per-prompt 2 --num-train-epochs 0.1 --num-shown-prompts 1 --num-beams 2 \
     --text-length 12 --output-dir aligned --report page.html";

const SIGMOID: &str = "--loss sigmoid --single-loss --texts-per-prompt 2 --eval-texts-per-prompt 1 --num-train-epochs 0.1 \
     --text-length 12 --output-dir aligned";

impl Invocation {
    /// The command in `dir` with one thread, an empty standard input, and standard error in a pipe.
    pub fn command(&self, dir: &Path) -> Command {
        let model = golden_path("models/gpt2-tiny");
        let option = self.rerun_option.filter(|(file, _)| dir.join(file).exists()).map(|(_, option)| option);
        let args: Vec<&str> = self
            .args
            .split_whitespace()
            .chain(option)
            .map(|word| if word == "MODEL" { &model } else { word })
            .collect();
        let mut command = support::command(self.name, dir, &args);
        command.env("OMP_NUM_THREADS", "1").env_remove("RUST_BACKTRACE");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        command
    }

    /// The command line, for messages.
    pub fn command_line(&self) -> String {
        format!("{} {}", self.name, self.args)
    }

    /// Runs the command to its end.
    pub fn finish(&self, dir: &Path, what: &str) {
        let ended = self.command(dir).output().unwrap();
        assert!(ended.status.success(), "{what}: {}", String::from_utf8_lossy(&ended.stderr));
    }

    /// The bytes of its outputs, None for a missing one.
    pub fn read_outputs(&self, dir: &Path) -> Vec<Option<Vec<u8>>> {
        self.outputs.iter().map(|name| fs::read(dir.join(name)).ok()).collect()
    }

    /// The outputs of an uninterrupted run in a folder of its own.
    pub fn expected_outputs(&self) -> Vec<Option<Vec<u8>>> {
        let dir = inputs();
        self.finish(dir.path(), &self.command_line());
        let outputs = self.read_outputs(dir.path());
        assert!(outputs.iter().all(Option::is_some), "{}: an output is missing", self.command_line());
        outputs
    }
}

/// A folder with the input files of all commands.
pub fn inputs() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let first = |name: &str, count: usize| -> Vec<serde_json::Value> {
        let text = fs::read_to_string(golden_path(name)).unwrap();
        text.lines().take(count).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let write = |name: &str, rows: Vec<serde_json::Value>| {
        let text: String = rows.iter().map(|row| format!("{row}\n")).collect();
        fs::write(dir.path().join(name), text).unwrap();
    };
    let pairs = first("train.jsonl", 16);
    let scored = pairs.iter().enumerate().flat_map(|(number, pair)| {
        let text = |side: &str, score: usize| serde_json::json!({ "prompt": pair["prompt"], "text": pair[side], "score": score });
        [text("chosen", number + 1), text("rejected", 0)]
    });
    write("scored.jsonl", scored.collect());
    let judged = pairs.iter().enumerate().flat_map(|(number, pair)| {
        let text = |side: &str, a: usize, b: usize| serde_json::json!({ "prompt": pair["prompt"], "text": pair[side], "a": a, "b": b });
        [text("chosen", number + 1, number), text("rejected", 0, 100)]
    });
    write("judged.jsonl", judged.collect());
    write("texts.jsonl", pairs.iter().map(|pair| serde_json::json!({ "text": pair["chosen"] })).collect());
    let labelled = pairs.iter().enumerate();
    let labelled = labelled.map(|(number, pair)| serde_json::json!({ "text": pair["chosen"], "label": number % 2 }));
    write("labelled.jsonl", labelled.collect());
    write("pairs.jsonl", pairs);
    write("kto.jsonl", first("train_kto.jsonl", 16));
    adapter(&dir.path().join("adapter"));
    dir
}

/// Writes an adapter of rank 1 for the tiny GPT-2, in PEFT's format.
fn adapter(dir: &Path) {
    fs::create_dir(dir).unwrap();
    let config = serde_json::json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 1, "lora_alpha": 2, "lora_dropout": 0.0, "bias": "none",
        "target_modules": ["c_attn"], "fan_in_fan_out": true, "base_model_name_or_path": golden_path("models/gpt2-tiny"),
    });
    fs::write(dir.join("adapter_config.json"), config.to_string()).unwrap();
    let base_config = fs::read_to_string(golden_path("models/gpt2-tiny/config.json")).unwrap();
    let base_config: serde_json::Value = serde_json::from_str(&base_config).unwrap();
    let (width, layers) = (base_config["n_embd"].as_i64().unwrap(), base_config["n_layer"].as_i64().unwrap());
    let tensors: Vec<(String, tch::Tensor)> = (0..layers)
        .flat_map(|layer| {
            let name = |side| format!("base_model.model.transformer.h.{layer}.attn.c_attn.lora_{side}.weight");
            let ones = |shape: [i64; 2]| tch::Tensor::ones(shape, tch::kind::FLOAT_CPU) * 0.01;
            [(name("A"), ones([1, width])), (name("B"), ones([3 * width, 1]))]
        })
        .collect();
    tch::Tensor::write_safetensors(&tensors, dir.join("adapter_model.safetensors")).unwrap();
}
