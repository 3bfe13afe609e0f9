//! Inputs that are unusual but valid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;
use support::{golden_path, run};

fn ok(name: &str, dir: &Path, args: &[&str]) -> String {
    let output = run(name, dir, args);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{name} {args:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Copies a tiny model. `change` gets the name and bytes of each file and returns the bytes to write.
fn copy_model(dir: &Path, model: &str, change: impl Fn(&str, Vec<u8>) -> Vec<u8>) {
    fs::create_dir(dir).unwrap();
    for entry in fs::read_dir(golden_path(&format!("models/{model}"))).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        fs::write(dir.join(name), change(name, fs::read(&path).unwrap())).unwrap();
    }
}

fn rows(of: &str, count: usize) -> String {
    format!("{{\"prompt\": \"{of}\", \"chosen\": \" was great\", \"rejected\": \" was bad\"}}\n").repeat(count)
}

/// Every command accepts any 64-bit seed, and a run's config.toml preserves it.
#[test]
fn a_seed_larger_than_the_integers_of_toml() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let seed = "9223372036854775808";
    fs::write(dir.join("pairs.jsonl"), rows("This movie", 8)).unwrap();
    let short = ["--train-file", "pairs.jsonl", "--max-steps", "2", "--per-device-train-batch-size", "2"];
    ok("dpo", dir, &[&short[..], &["--output-dir", "run", "--seed", seed]].concat());
    let options = fs::read_to_string(dir.join("run/config.toml")).unwrap();
    assert!(options.contains(&format!("seed = \"{seed}\"")), "{options}");
    ok("dpo", dir, &["--config", "run/config.toml", "--output-dir", "again"]);
    let metrics = |run: &str| fs::read(dir.join(run).join("metrics.jsonl")).unwrap();
    assert_eq!(metrics("run"), metrics("again"));
    fs::write(dir.join("scored.csv"), "prompt,text,score\na,b,1\na,c,2\n").unwrap();
    ok("pair", dir, &["--input", "scored.csv", "--output", "paired.jsonl", "--seed", seed]);
    ok("generate", dir, &["--prompt", "This", "--do-sample", "--max-new-tokens", "3", "--seed", seed]);
    ok("evaluate", dir, &["--input", "scored.csv", "--resamples", "100", "--seed", seed]);
}

#[test]
fn byte_order_marks_are_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let marked = |name: &str, text: &str| fs::write(dir.join(name), format!("\u{feff}{text}")).unwrap();
    copy_model(&dir.join("model"), "gpt2-tiny", |name, bytes| match name.ends_with(".json") {
        true => ["\u{feff}".as_bytes(), &bytes].concat(),
        false => bytes,
    });
    let plain = ok("generate", dir, &["--prompt", "This movie", "--max-new-tokens", "5"]);
    marked("prompts.txt", "This movie\n");
    let with_marks = ["--model", "model", "--prompts", "prompts.txt", "--max-new-tokens", "5"];
    assert_eq!(ok("generate", dir, &with_marks), plain);
    marked("run.toml", "max_steps = 1\neval_strategy = \"steps\"\neval_steps = 1\n");
    marked("pairs.jsonl", &rows("This movie", 2));
    marked("held.csv", "prompt,chosen,rejected\nThis movie, was great, was bad\n");
    let files = ["--train-file", "pairs.jsonl", "--eval-file", "held.csv", "--sample-prompts", "prompts.txt"];
    ok("dpo", dir, &[&["--config", "run.toml", "--output-dir", "run"][..], &files].concat());
    let samples = fs::read_to_string(dir.join("run/samples.jsonl")).unwrap();
    assert!(samples.contains("\"This movie\"") && !samples.contains('\u{feff}'), "{samples}");
}

/// Trainers accept common spellings of labels.
#[test]
fn labels_may_be_words_or_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let likes = "prompt,completion,label\nThis, film,yes\nThis, one,No\nThe, end,True\nThe, start,0.0\n\n";
    fs::write(dir.join("likes.csv"), likes).unwrap();
    let numbers = likes.replace("yes", "1").replace("No", "0").replace("True", "1").replace("0.0", "0");
    fs::write(dir.join("numbers.csv"), numbers.trim_end()).unwrap();
    let classes = "text,label\ngood,POSITIVE\nbad,negative\nfine,true\npoor,0\n";
    fs::write(dir.join("classes.csv"), classes).unwrap();
    let indices = classes.replace("POSITIVE", "1").replace("negative", "0").replace("true", "1");
    fs::write(dir.join("indices.csv"), indices).unwrap();
    for (command, words, numbers) in
        [("kto", "likes.csv", "numbers.csv"), ("train-classifier", "classes.csv", "indices.csv")]
    {
        let train = |file: &str| {
            let (run, short) =
                (format!("{command}-{file}"), ["--max-steps", "2", "--per-device-train-batch-size", "4"]);
            ok(command, dir, &[&["--train-file", file, "--output-dir", &run][..], &short].concat());
            fs::read_to_string(dir.join(run).join("metrics.jsonl")).unwrap()
        };
        assert_eq!(train(words), train(numbers), "{command}");
    }
}

/// A position embedding that only long texts use is NaN, so training succeeds and the final evaluation fails.
#[test]
fn the_model_is_saved_even_if_the_final_evaluation_fails() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy_model(&dir.join("model"), "gpt2-tiny", |name, mut bytes| {
        if name == "model.safetensors" {
            let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..header]).unwrap();
            let positions = &tensors["transformer.wpe.weight"];
            let width = positions["shape"][1].as_u64().unwrap() as usize;
            let at = header + positions["data_offsets"][0].as_u64().unwrap() as usize + 100 * width * 4;
            bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        }
        bytes
    });
    fs::write(dir.join("pairs.jsonl"), rows("This movie", 4)).unwrap();
    fs::write(dir.join("held.jsonl"), rows("The", 1) + &rows(&"This movie ".repeat(50), 1)).unwrap();
    let files = ["--model", "model", "--train-file", "pairs.jsonl", "--eval-file", "held.jsonl", "--output-dir", "run"];
    let short = ["--max-steps", "2", "--per-device-train-batch-size", "2", "--per-device-eval-batch-size", "1"];
    let output = run("dpo", dir, &[&files[..], &short].concat());
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in ["held.jsonl", "NaN", "evaluation row 2"] {
        assert!(stderr.contains(part), "{stderr} lacks {part}");
    }
    assert!(dir.join("run/model/model.safetensors").exists());
    assert!(!fs::read_to_string(dir.join("run/metrics.jsonl")).unwrap().contains("null"));
}
