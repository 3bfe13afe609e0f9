//! LoRA adapters.

use crate::ok;
use crate::support::{command_with_bundled_models, golden_path, run};

#[test]
fn adapters_are_trained_resumed_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = golden_path("train.jsonl");
    let lora = ["--use-peft", "--lora-r", "4", "--lora-alpha", "8", "--lora-target-modules", "c_attn,mlp.c_proj"];
    let base = ["--train-file", &pairs, "--max-steps", "4", "--learning-rate", "1e-2", "--save-strategy", "steps"];
    let with = |more: &[&str]| ok("dpo", dir, &[base.as_slice(), &lora, &["--save-steps", "2"], more].concat());
    with(&["--output-dir", "whole"]);
    let files = |folder: &str| {
        let entries = std::fs::read_dir(dir.join(folder)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let model = files("whole/model");
    assert!(
        model.contains(&"adapter_config.json".to_owned()) && !model.contains(&"config.json".to_owned()),
        "{model:?}"
    );
    let config: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("whole/model/adapter_config.json")).unwrap()).unwrap();
    assert_eq!((&config["r"], &config["lora_alpha"]), (&4.into(), &8.into()));
    assert_eq!(config["target_modules"], serde_json::json!(["c_attn", "mlp.c_proj"]));
    let card = std::fs::read_to_string(dir.join("whole/model/README.md")).unwrap();
    assert!(card.contains("library_name: peft"), "{card}");

    // The config.toml of a run works as its --config, and a resumed run gives the same adapter.
    ok("dpo", dir, &["--config", "whole/config.toml", "--train-file", &pairs, "--output-dir", "again"]);
    std::fs::remove_dir_all(dir.join("again/checkpoint-4")).unwrap();
    std::fs::remove_dir_all(dir.join("again/model")).unwrap();
    ok("dpo", dir, &["--config", "whole/config.toml", "--train-file", &pairs, "--output-dir", "again", "--resume"]);
    let adapter = |run: &str| std::fs::read(dir.join(run).join("model/adapter_model.safetensors")).unwrap();
    assert!(adapter("again") == adapter("whole"));

    ok("merge-adapter", dir, &["--adapter", "whole/model", "--output-dir", "merged"]);
    let text = |more: &[&str]| {
        ok("generate", dir, &[["--prompt", "The movie", "--max-new-tokens", "12"].as_slice(), more].concat())
    };
    assert_ne!(
        text(&["--model", "merged"]),
        text(&[]),
        "four steps at this learning rate must change the generated text"
    );
    // The adapter names its base model as it was given, so that its folder can be used as a model.
    assert_eq!(config["base_model_name_or_path"], golden_path("models/gpt2-tiny"));
    assert_eq!(text(&["--model", "whole/model"]), text(&["--model", "merged"]));

    // All the weight on one model gives that model.
    ok("soup", dir, &["--model", "whole/model=1", "--model", "again/model=0", "--output-dir", "soup"]);
    let weights = |folder: &str| std::fs::read(dir.join(folder).join("model.safetensors")).unwrap();
    assert!(weights("soup") == weights("merged"));

    // The base model of an adapter is not replaced, since the adapter would be lost without it.
    let base = dir.join("base");
    std::fs::create_dir(&base).unwrap();
    for entry in std::fs::read_dir(golden_path("models/gpt2-tiny")).unwrap().flatten() {
        std::fs::copy(entry.path(), base.join(entry.file_name())).unwrap();
    }
    let further =
        ["--model", "base", "--train-file", &pairs, "--max-steps", "1", "--use-peft", "--output-dir", "on-base"];
    ok("dpo", dir, &further);
    let soup = ["--model", "on-base/model", "--model", "on-base/model", "--output-dir", "base", "--overwrite"];
    let output = run("soup", dir, &soup);
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && problem.contains("the same as the input base"), "{problem}");
}

/// An adapter's folder as --model: the adapter is trained further, and the reference model is the model with the adapter as it was.
#[test]
fn an_adapter_is_trained_further() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (pairs, base) = (golden_path("train.jsonl"), golden_path("models/gpt2-tiny"));
    let train = ["--train-file", &pairs, "--max-steps", "3", "--learning-rate", "1e-2"];
    let sft = ["--use-peft", "--lora-r", "4", "--lora-target-modules", "all-linear", "--output-dir", "sft"];
    ok("sft", dir, &[["--train-file", &golden_path("train_kto.jsonl"), "--max-steps", "3"].as_slice(), &sft].concat());
    let config = dir.join("sft/model/adapter_config.json");
    let options: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&config).unwrap()).unwrap();
    assert_eq!(options["base_model_name_or_path"], base.as_str());
    let further = [train.as_slice(), &["--model", "sft/model", "--use-peft", "--logging-steps", "1"]].concat();
    ok("dpo", dir, &[further.as_slice(), &["--output-dir", "dpo"]].concat());

    let trained: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("dpo/model/adapter_config.json")).unwrap()).unwrap();
    for option in ["r", "target_modules", "base_model_name_or_path"] {
        assert_eq!(trained[option], options[option], "{option}");
    }
    let adapter = |run: &str| std::fs::read(dir.join(run).join("model/adapter_model.safetensors")).unwrap();
    assert_ne!(adapter("dpo"), adapter("sft"));
    // At the first step the policy equals the reference model, so the loss is ln 2 although the adapter is not zero.
    let metrics = std::fs::read_to_string(dir.join("dpo/metrics.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    assert!((first["loss"].as_f64().unwrap() - std::f64::consts::LN_2).abs() < 1e-6, "{first}");

    let output = run("dpo", dir, &[further.as_slice(), &["--lora-r", "8", "--output-dir", "refused"]].concat());
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && problem.contains("--lora-r would be ignored"), "{problem}");
}

/// Without --use-peft an adapter is merged and all weights are trained, and the default learning rate is low for adapters.
#[test]
fn what_an_adapter_changes_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = golden_path("train.jsonl");
    let said = |args: &[&str]| {
        let output = run("dpo", dir, &[&["--train-file", &pairs, "--max-steps", "1"], args].concat());
        let warnings = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{warnings}");
        warnings
    };
    let low = "the learning rate is 1e-6, the default for training all weights";
    let warnings = said(&["--use-peft", "--output-dir", "adapter"]);
    assert!(warnings.contains(low) && warnings.contains("--learning-rate 1e-5"), "{warnings}");
    let warnings = said(&["--model", "adapter/model", "--output-dir", "whole"]);
    assert!(warnings.contains("all weights are trained; --use-peft"), "{warnings}");
    assert!(!warnings.contains(low), "{warnings}");
    assert!(dir.join("whole/model/model.safetensors").exists());
    let rate = ["--learning-rate", "1e-4"];
    let warnings = said(&[&["--model", "adapter/model", "--use-peft", "--output-dir", "further"], &rate[..]].concat());
    assert!(!warnings.contains("warning"), "{warnings}");
    // Used for anything else, an adapter is merged without a word.
    let generated = run("generate", dir, &["--model", "adapter/model", "--prompt", "The", "--max-new-tokens", "2"]);
    assert!(
        generated.status.success() && generated.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&generated.stderr)
    );
}

/// The bundled model has a name of its own, because its folder belongs to the program.
#[test]
fn an_adapter_of_the_bundled_model_finds_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let with = |name: &str, args: &[&str]| command_with_bundled_models(name, dir, args).output().unwrap();
    let pairs = golden_path("train.jsonl");
    let lora = ["--train-file", &pairs, "--max-steps", "1", "--use-peft", "--lora-r", "2", "--output-dir", "run"];
    let trained = with("dpo", &lora);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
    let config = std::fs::read_to_string(dir.join("run/model/adapter_config.json")).unwrap();
    assert!(config.contains("\"base_model_name_or_path\": \"align-bundled/gpt2-imdb-4m\""), "{config}");
    let merged = with("merge-adapter", &["--adapter", "run/model", "--output-dir", "merged"]);
    assert!(merged.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    let text = with("generate", &["--model", "run/model", "--prompt", "The movie", "--max-new-tokens", "3"]);
    assert!(text.status.success(), "{}", String::from_utf8_lossy(&text.stderr));
    // Another base is refused.
    let other = golden_path("models/gpt2-tiny");
    let refused = with("merge-adapter", &["--model", &other, "--adapter", "run/model", "--output-dir", "other"]);
    let problem = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && problem.contains("other weights, align-bundled/gpt2-imdb-4m"), "{problem}");
}

#[test]
fn kto_and_cpo_train_adapters() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (pairs, labelled) = (golden_path("train.jsonl"), golden_path("train_kto.jsonl"));
    for (command, data) in [("kto", &labelled), ("cpo", &pairs)] {
        let args = ["--train-file", data, "--output-dir", command, "--max-steps", "2", "--use-peft"];
        ok(command, dir, &args);
        assert!(dir.join(command).join("model/adapter_model.safetensors").exists());
    }
}

#[test]
fn invalid_adapter_options_are_rejected() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let pairs = golden_path("train.jsonl");
    for (options, message_part) in [
        (vec!["--lora-r", "4"], "--use-peft"),
        (vec!["--lora-target-modules", "c_attn"], "--use-peft"),
        (vec!["--use-peft", "--lora-r", "0"], "--lora-r"),
        (vec!["--use-peft", "--lora-target-modules", "q_proj"], "--lora-target-modules: matches none"),
        (vec!["--use-peft", "--lora-dropout", "0.1"], "set --disable-dropout to false"),
        (vec!["--use-peft", "--ref-model", "merged"], "--ref-model"),
        (vec!["--use-peft", "--sync-ref-model"], "--sync-ref-model"),
    ] {
        let args = [["--train-file", &pairs, "--output-dir", "refused"].as_slice(), &options].concat();
        let output = run("dpo", dir, &args);
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains(message_part), "{options:?}: {problem}");
    }
}
