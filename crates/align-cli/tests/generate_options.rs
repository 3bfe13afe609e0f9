//! The options of `align generate`: each reaches the library, over those of the model's folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use align_data::Tokenizer;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use support::{kept, repository, run};

/// What transformers writes: crates/align-models/tests/data/generation_options.py.
fn golden() -> Value {
    let file = repository().join("crates/align-models/tests/data/generation_options.json");
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// An option as the command line has it.
fn arguments(option: &str, value: &Value) -> Vec<String> {
    let name = format!("--{}", option.replace('_', "-"));
    let items = |list: &Value| list.as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join(",");
    let values: Vec<String> = match (option, value) {
        ("sequence_bias", all) => {
            all.as_array().unwrap().iter().map(|pair| format!("{}={}", items(&pair[0]), pair[1])).collect()
        }
        ("bad_words_ids", all) => all.as_array().unwrap().iter().map(items).collect(),
        ("stop_strings", Value::Array(all)) => all.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        (_, Value::Array(_)) => vec![items(value)],
        (_, Value::String(text)) => vec![text.clone()],
        (_, other) => vec![other.to_string()],
    };
    values.into_iter().flat_map(|value| [name.clone(), value]).collect()
}

fn generate(dir: &Path, args: &[String]) -> Result<String, String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = run("generate", dir, &args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    if output.status.success() { Ok(out) } else { Err(err) }
}

#[test]
fn options_of_the_command_line_write_what_transformers_writes() {
    let (golden, dir) = (golden(), tempfile::tempdir().unwrap());
    let tokenizer = Tokenizer::from_pretrained(kept("models/gpt2-tiny")).unwrap();
    // One prompt with each set of options.
    for case in golden["texts"].as_array().unwrap().iter().step_by(2) {
        let prompt: Vec<i64> = serde_json::from_value(case["prompt"].clone()).unwrap();
        let mut args = vec!["--prompt".to_owned(), tokenizer.decode(&prompt, true).unwrap()];
        case["config"].as_object().unwrap().iter().for_each(|(option, value)| args.extend(arguments(option, value)));
        let sequences: Vec<Vec<i64>> = serde_json::from_value(case["sequences"].clone()).unwrap();
        let expected: String =
            sequences.iter().map(|ids| format!("{}\n\n", tokenizer.decode(ids, true).unwrap())).collect();
        assert_eq!(generate(dir.path(), &args).unwrap(), expected, "{args:?}");
    }
}

#[test]
fn every_option_of_drawing_is_reached() {
    let dir = tempfile::tempdir().unwrap();
    let written = |more: &[&str]| {
        let args = ["--prompt", "This movie", "--do-sample", "--temperature", "1.5", "--top-k", "0", "--seed", "2"];
        let args = args.iter().chain(more).map(|arg| (*arg).to_owned()).collect::<Vec<_>>();
        generate(dir.path(), &args).unwrap()
    };
    let plain = written(&[]);
    for option in [
        ["--top-p", "0.3"],
        ["--min-p", "0.3"],
        ["--typical-p", "0.2"],
        ["--epsilon-cutoff", "0.1"],
        ["--eta-cutoff", "0.4"],
        ["--repetition-penalty", "9.0"],
    ] {
        assert_ne!(written(&option), plain, "{option:?}");
    }
}

/// The tiny GPT-2 with a generation_config.json of one's own.
fn model(dir: &Path, options: &Value) -> PathBuf {
    let folder = dir.join("model");
    std::fs::create_dir_all(&folder).unwrap();
    for name in ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"] {
        std::fs::copy(kept(&format!("models/gpt2-tiny/{name}")), folder.join(name)).unwrap();
    }
    std::fs::write(folder.join("generation_config.json"), options.to_string()).unwrap();
    folder
}

#[test]
fn the_command_line_comes_before_the_folder_and_the_folder_before_the_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let folder = model(
        dir.path(),
        &json!({
            "do_sample": true, "temperature": 0.6, "top_p": 0.9, "max_length": 12, "eos_token_id": [0], "use_cache": true,
            "repetition_penalty": 1.2, "early_stopping": false, "transformers_version": "4.40.0",
        }),
    );
    let own = ["--prompt", "This movie", "--model", folder.to_str().unwrap(), "--seed", "4"];
    let plain = ["--prompt", "This movie", "--seed", "4"];
    let write = |base: &[&str], more: &[&str]| {
        let args: Vec<String> = base.iter().chain(more).map(|arg| (*arg).to_owned()).collect();
        generate(dir.path(), &args)
    };
    let same = ["--do-sample", "--temperature", "0.6", "--top-p", "0.9", "--max-length", "12"];
    let same = [same.as_slice(), &["--repetition-penalty", "1.2"]].concat();
    assert_eq!(write(&own, &[]).unwrap(), write(&plain, &same).unwrap());
    // Another limit and another strategy take the place of the folder's, and what they do not read with it.
    let beams = ["--do-sample", "false", "--num-beams", "2", "--max-new-tokens", "5"];
    let penalised = [beams.as_slice(), &["--repetition-penalty", "1.2"]].concat();
    assert_eq!(write(&own, &beams).unwrap(), write(&plain, &penalised).unwrap());
    let error = write(&own, &["--do-sample", "false", "--top-k", "7"]).unwrap_err();
    assert!(error.contains("`top_k` is set, but do_sample is false"), "{error}");
}

#[test]
fn a_folder_that_asks_for_what_is_not_there_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let folder = model(dir.path(), &json!({ "guidance_scale": 1.5 }));
    let args = ["--prompt", "This", "--model", folder.to_str().unwrap()].map(String::from);
    let error = generate(dir.path(), &args).unwrap_err();
    assert!(error.contains("generation_config.json: `guidance_scale` is set (1.5)"), "{error}");
}

#[test]
fn values_that_cannot_be_read_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (option, value, because) in [
        ("--sequence-bias", "10", "ID,ID,..=BIAS"),
        ("--sequence-bias", "10=x", "`x` is no number"),
        ("--bad-words-ids", "1,the", "`the` is no token id"),
        ("--exponential-decay-length-penalty", "15", "START,FACTOR"),
        ("--suppress-tokens", "1,x", "invalid value"),
        ("--stop-strings", "", "empty item"),
        ("--min-p", "2", "`min_p` is 2"),
    ] {
        let args = ["--prompt", "This", "--do-sample", option, value].map(String::from);
        let error = generate(dir.path(), &args).unwrap_err();
        assert!(error.contains(because), "{option} {value}: {error}");
    }
    let help = generate(dir.path(), &["--help".to_owned()]).unwrap();
    assert!(help.contains("generation_config.json"), "{help}");
}
