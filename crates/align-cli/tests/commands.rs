//! The program as its users run it: the whole path from prompts to a report, and what they say of bad input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;
use support::{kept, repository, run};

fn ok(name: &str, dir: &Path, args: &[&str]) -> String {
    let output = run(name, dir, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{name} {args:?}\n{out}\n{err}");
    out
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_stage_by_its_own_command() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("prompts.txt"), "This movie\nThe\nActors\nThis movie\nThe\nActors\nThis movie\nThe\n")
        .unwrap();
    let sampling = ["--do-sample", "--num-beams", "2", "--temperature", "2.0", "--max-new-tokens", "12"];
    let generate = ["--prompts", "prompts.txt", "--output", "texts.csv", "--seed", "3"];
    ok("generate", dir, &[generate.as_slice(), &sampling].concat());
    let again = ["--prompts", "prompts.txt", "--output", "again.csv", "--seed", "3", "--batch-size", "2"];
    ok("generate", dir, &[again.as_slice(), &sampling].concat());
    assert_eq!(
        std::fs::read(dir.join("texts.csv")).unwrap(),
        std::fs::read(dir.join("again.csv")).unwrap(),
        "a text must not depend on its batch"
    );

    ok("classify", dir, &["--input", "texts.csv", "--output", "scored.jsonl"]);
    let scored = lines(&dir.join("scored.jsonl"));
    assert_eq!(scored.len(), 8);
    for row in &scored {
        assert_eq!(row["score"].as_f64().unwrap(), -row["logit_0"].as_f64().unwrap());
        assert!(row["logit_1"].is_f64() && row["text"].as_str().unwrap().starts_with(row["prompt"].as_str().unwrap()));
    }

    ok("pair", dir, &["--input", "scored.jsonl", "--output", "pairs.parquet", "--strategy", "best-worst"]);
    ok("logps", dir, &["--input", "pairs.parquet", "--output", "logps.jsonl", "--token-logps"]);
    let logps = lines(&dir.join("logps.jsonl"));
    assert_eq!(logps.len(), 3);
    for row in &logps {
        for side in ["chosen", "rejected"] {
            let tokens = row[format!("{side}_token_logps")].as_array().unwrap();
            assert_eq!(tokens.len() as u64, row[format!("{side}_tokens")].as_u64().unwrap());
            let sum: f64 = tokens.iter().map(|x| x.as_f64().unwrap()).sum();
            assert!((sum - row[format!("{side}_logps")].as_f64().unwrap()).abs() < 1e-9);
        }
    }

    let report = ok(
        "evaluate",
        dir,
        &["--input", "scored.jsonl", "--tokenizer", &kept("models/gpt2-tiny"), "--resamples", "100"],
    );
    let mean = scored.iter().map(|row| row["score"].as_f64().unwrap()).sum::<f64>() / 8.0;
    assert!(report.contains(&format!("{mean}")[..12]), "{mean} is not in\n{report}");
}

#[test]
fn a_stream_is_the_text_that_is_printed_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let drawn = ["--do-sample", "--temperature", "3", "--top-k", "0", "--max-new-tokens", "60", "--seed"];
    let mut broken = 0;
    for seed in 0..3 {
        let seed = seed.to_string();
        // At this temperature bytes come that are no characters, and parts of some that are.
        let args = [&["--prompt", "Café – naïve"][..], &drawn, &[&seed]].concat();
        let whole = ok("generate", dir.path(), &args);
        let stream = ok("generate", dir.path(), &[&args[..], &["--stream"]].concat());
        assert_eq!(stream.trim_end_matches('\n'), whole.trim_end_matches('\n'));
        broken += usize::from(stream.contains('\u{fffd}'));
    }
    assert!(broken > 0, "no text had broken characters");
}

#[test]
fn texts_are_scored_in_parts() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let rows: String = (0..1100).map(|i| format!("{{\"text\": \"a film of {} minutes\"}}\n", i % 13)).collect();
    std::fs::write(dir.join("texts.jsonl"), rows).unwrap();
    ok("classify", dir, &["--input", "texts.jsonl", "--output", "scored.jsonl", "--batch-size", "64"]);
    let scored = lines(&dir.join("scored.jsonl"));
    assert_eq!(scored.len(), 1100);
    for (i, row) in scored.iter().enumerate() {
        let same = scored[i % 13]["score"].as_f64().unwrap();
        assert!((row["score"].as_f64().unwrap() - same).abs() < 1e-5, "row {i}");
    }
}

#[test]
fn a_training_run_and_its_resume() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let data = kept("train.jsonl");
    std::fs::write(
        dir.join("run.toml"),
        "loss_type = \"hinge\"\nlearning_rate = 1e-3\nmax_steps = 6\neval_strategy = \"steps\"\neval_steps = 3\n\
         save_strategy = \"steps\"\nsave_steps = 2\nlogging_steps = 2\n",
    )
    .unwrap();
    std::fs::write(dir.join("prompts.txt"), "The\n").unwrap();
    let base = ["--config", "run.toml", "--train-file", &data, "--eval-file", &data, "--sample-prompts", "prompts.txt"];
    let with = |more: &[&str]| ok("dpo", dir, &[base.as_slice(), more].concat());
    with(&["--output-dir", "whole", "--save-total-limit", "2"]);
    let whole = dir.join("whole");
    let metrics = lines(&whole.join("metrics.jsonl"));
    let steps: Vec<u64> =
        metrics.iter().filter(|row| row["loss"].is_f64()).map(|row| row["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [2, 4, 6]);
    assert_eq!(metrics.iter().filter(|row| row["eval_rewards/accuracies"].is_f64()).count(), 2);
    assert_eq!(lines(&whole.join("samples.jsonl")).len(), 2);
    assert!(!whole.join("checkpoint-2").exists() && whole.join("checkpoint-6").exists());

    // The options that the run wrote are a config file themselves.
    ok(
        "dpo",
        dir,
        &["--config", "whole/config.toml", "--train-file", &data, "--eval-file", &data, "--output-dir", "again"],
    );
    let model = |run: &str| std::fs::read(dir.join(run).join("model/model.safetensors")).unwrap();
    assert!(model("again") == model("whole"));

    // Without its last checkpoints the run goes on from step 2 and ends the same.
    for step in [4, 6] {
        std::fs::remove_dir_all(dir.join("again").join(format!("checkpoint-{step}"))).ok();
    }
    with(&["--output-dir", "resumed"]);
    for step in [4, 6] {
        std::fs::remove_dir_all(dir.join("resumed").join(format!("checkpoint-{step}"))).unwrap();
    }
    std::fs::remove_dir_all(dir.join("resumed/model")).unwrap();
    with(&["--output-dir", "resumed", "--resume"]);
    assert!(model("resumed") == model("whole"));
    let steps = |run: &str| {
        lines(&dir.join(run).join("metrics.jsonl")).iter().map(|row| row["step"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(steps("resumed"), steps("whole"));

    // The page has the curves of both processes.
    let page = |run: &str| std::fs::read_to_string(dir.join(run).join("report.html")).unwrap();
    for part in ["<svg", "Reward margin", "held-out rows", "loss_type", "learning_rate", "hinge"] {
        assert!(page("whole").contains(part), "{part} is not in the page");
    }
    let results = |run: &str| page(run).split_once("id=\"configuration\"").unwrap().0.to_owned();
    assert!(results("resumed") == results("whole"));
}

#[test]
fn adapters_are_trained_resumed_and_merged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (pairs, judged) = (kept("train.jsonl"), kept("train_kto.jsonl"));
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

    // The options that the run wrote are a config file themselves, and a resumed run ends the same.
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
    assert_ne!(text(&["--model", "merged"]), text(&[]), "four steps at this rate change what is written");
    // An adapter's folder is a model once it names its base.
    let config = dir.join("whole/model/adapter_config.json");
    let base = format!("_path\": \"{}\"", kept("models/gpt2-tiny"));
    let named = std::fs::read_to_string(&config).unwrap().replace("_path\": null", &base);
    assert!(named.contains(&base));
    std::fs::write(&config, named).unwrap();
    assert_eq!(text(&["--model", "whole/model"]), text(&["--model", "merged"]));

    for (command, data) in [("kto", &judged), ("cpo", &pairs)] {
        let args = ["--train-file", data, "--output-dir", command, "--max-steps", "2", "--use-peft"];
        ok(command, dir, &args);
        assert!(dir.join(command).join("model/adapter_model.safetensors").exists());
    }
    for (options, says) in [
        (vec!["--lora-r", "4"], "--use-peft"),
        (vec!["--lora-target-modules", "c_attn"], "--use-peft"),
        (vec!["--use-peft", "--lora-r", "0"], "option r"),
        (vec!["--use-peft", "--lora-target-modules", "q_proj"], "option target_modules: names none"),
        (vec!["--use-peft", "--lora-dropout", "0.1"], "--disable-dropout"),
        (vec!["--use-peft", "--ref-model", "merged"], "--ref-model"),
        (vec!["--use-peft", "--sync-ref-model"], "sync_ref_model"),
    ] {
        let args = [["--train-file", &pairs, "--output-dir", "refused"].as_slice(), &options].concat();
        let output = run("dpo", dir, &args);
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains(says), "{options:?}: {problem}");
    }
}

#[test]
fn training_on_single_completions_and_without_a_reference() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (pairs, judged) = (kept("train.jsonl"), kept("train_kto.jsonl"));
    let runs = [
        ("kto", &judged, vec!["--loss-type", "kto", "--desirable-weight", "1.2"], "kl"),
        ("kto", &judged, vec!["--loss-type", "bco"], "delta"),
        ("kto", &pairs, vec!["--loss-type", "apo_zero_unpaired"], "log_ratios/chosen"),
        ("cpo", &pairs, vec!["--loss-type", "simpo", "--beta", "2", "--cpo-alpha", "0"], "rewards/margins"),
        ("cpo", &pairs, vec!["--loss-type", "orpo"], "log_odds_ratio"),
        ("dpo", &pairs, vec!["--loss-type", "sigmoid,sft", "--loss-weights", "1,0.1"], "likelihood_displacement"),
        ("dpo", &pairs, vec!["--beta-dpo-alpha", "0.6", "--f-divergence-type", "chi_squared"], "beta"),
    ];
    for (number, (command, data, options, metric)) in runs.into_iter().enumerate() {
        let out = format!("run-{number}");
        let base = ["--train-file", data, "--output-dir", &out, "--max-steps", "2", "--logging-steps", "1"];
        ok(command, dir, &[base.as_slice(), &options].concat());
        let steps = lines(&dir.join(&out).join("metrics.jsonl"));
        assert_eq!(steps.len(), 2, "{command} {options:?}");
        assert!(steps.iter().all(|step| step[metric].is_f64()), "{command} {options:?}: {steps:?}");
        assert!(dir.join(&out).join("model/model.safetensors").exists());
    }
}

#[test]
fn new_models_from_texts_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let gpt2 = r#"{"model_type": "gpt2", "vocab_size": 1, "n_positions": 64, "n_embd": 16, "n_layer": 1, "n_head": 2}"#;
    std::fs::write(dir.join("gpt2.json"), gpt2).unwrap();
    let bert = r#"{"model_type": "distilbert", "vocab_size": 1, "max_position_embeddings": 64, "dim": 16, "n_layers": 1,
        "n_heads": 2, "hidden_dim": 32}"#;
    std::fs::write(dir.join("bert.json"), bert).unwrap();
    let golden = std::fs::read_to_string(kept("train_kto.jsonl")).unwrap();
    let labelled = golden.lines().map(|line| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = row["prompt"].as_str().unwrap().to_owned() + row["completion"].as_str().unwrap();
        serde_json::json!({"text": text, "label": i64::from(row["label"].as_bool().unwrap())}).to_string() + "\n"
    });
    std::fs::write(dir.join("texts.jsonl"), labelled.collect::<String>()).unwrap();
    let steps = ["--max-steps", "4", "--logging-steps", "2", "--save-strategy", "steps", "--save-steps", "2"];
    let base = ["--train-file", "texts.jsonl", "--eval-file", "texts.jsonl", "--vocab-size", "300"];
    let packed = ["--model-config", "gpt2.json", "--packing", "--max-length", "32"];
    for (command, options, metric) in
        [("sft", packed.as_slice(), "perplexity"), ("train-classifier", &["--model-config", "bert.json"], "accuracy")]
    {
        let with = |out: &str, more: &[&str]| {
            let out = format!("{command}-{out}");
            ok(command, dir, &[base.as_slice(), options, &steps, &["--output-dir", &out], more].concat())
        };
        let said = with("whole", &[]);
        assert!(said.contains("a tokeniser of 300 tokens") && said.contains(metric), "{said}");
        let model = |out: &str| std::fs::read(dir.join(format!("{command}-{out}/model/model.safetensors"))).unwrap();
        with("resumed", &[]);
        let run = dir.join(format!("{command}-resumed"));
        std::fs::remove_dir_all(run.join("checkpoint-4")).unwrap();
        std::fs::remove_dir_all(run.join("model")).unwrap();
        let said = with("resumed", &["--resume"]);
        assert!(said.contains("at step 2 of 4") && !said.contains("trained on the texts"), "{said}");
        assert!(model("resumed") == model("whole"), "{command}");
    }
    let prompts = ["--prompt", "This movie", "--model", "sft-whole/model", "--max-new-tokens", "4"];
    ok("generate", dir, &prompts);
    let scored = ["--input", "texts.jsonl", "--output", "scored.jsonl", "--model", "train-classifier-whole/model"];
    ok("classify", dir, &scored);
    // A model's folder goes on as well, and prompts stay out of the loss.
    let pairs = std::fs::read_to_string(kept("train.jsonl")).unwrap().replace("\"chosen\"", "\"completion\"");
    std::fs::write(dir.join("completions.jsonl"), pairs).unwrap();
    let further =
        ["--train-file", "completions.jsonl", "--max-length", "128", "--max-steps", "1", "--output-dir", "further"];
    ok("sft", dir, &[further.as_slice(), &["--completion-only-loss", "true", "--logging-steps", "1"]].concat());
    assert!(lines(&dir.join("further/metrics.jsonl"))[0]["mean_token_accuracy"].is_f64());
    let further =
        ["--train-file", "texts.jsonl", "--max-length", "64", "--max-steps", "1", "--output-dir", "classifier"];
    ok("train-classifier", dir, &further);

    let refused = |command: &str, options: &[&str]| {
        let output = run(command, dir, &[&["--train-file", "texts.jsonl", "--output-dir", "none"], options].concat());
        assert!(!output.status.success(), "{command} {options:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("sft", &["--model-config", "gpt2.json"]).contains("--vocab-size"));
    assert!(refused("sft", &["--vocab-size", "300"]).contains("--model-config"));
    assert!(refused("sft", &["--vocab-size", "300", "--model", "gpt2"]).contains("'--model "));
    assert!(
        refused("sft", &["--model-config", "gpt2.json", "--vocab-size", "9", "--max-length", "32"]).contains("257")
    );
    assert!(refused("sft", &["--packing-strategy", "bfd"]).contains("wrapped"));
    assert!(
        refused("train-classifier", &["--model-config", "gpt2.json", "--vocab-size", "300"]).contains("distilbert")
    );
    assert!(refused("train-classifier", &["--sample-prompts", "x", "--eval-strategy", "epoch"]).contains("classifier"));
}

/// Small enough for a debug build.
const SMALL_NOTEBOOK: [&str; 12] = [
    "--texts-per-prompt",
    "2",
    "--compared-texts-per-prompt",
    "1",
    "--text-length",
    "16",
    "--num-train-epochs",
    "1",
    "--learning-rate",
    "3e-4",
    "--shown-prompts",
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
        for part in ["token entropy", "mean reward", "held-out loss", "KL(model‖SFT)", "mean reward"] {
            assert!(out.contains(part), "{part} is not in\n{out}");
        }
        // The table and the texts of two prompts have each model.
        for model in ["SFT", name, other] {
            let lines = out.lines().filter(|line| line.trim_start().starts_with(&format!("{model} "))).count();
            assert!(lines >= 3, "{model} has {lines} lines in\n{out}");
        }
        let shown: Vec<&str> = out.lines().filter(|line| ["This movie", "Director", "Actors"].contains(line)).collect();
        assert_eq!(shown, ["This movie", "Director"], "{out}");
        let card = std::fs::read_to_string(dir.join(name).join("README.md")).unwrap();
        assert!(dir.join(name).join("model.safetensors").exists() && card.contains(name), "{card}");
        let mut rows: Vec<String> = out.lines().filter(|line| line.contains(" 46 ")).map(String::from).collect();
        rows.sort();
        tables.push(rows);

        let page = std::fs::read_to_string(dir.join(&report)).unwrap();
        for part in ["<svg", "Reward margin", "held-out", "Reward (logit)", "num_train_epochs", "Behind the scenes"] {
            assert!(page.contains(part), "{part} is not in {report}");
        }
        assert!(!page.contains("<script") && !page.contains(&kept("")), "{report}");
    }
    // Which of the two losses comes first is all that --loss decides.
    assert_eq!(tables[0].len(), 3);
    assert_eq!(tables[0], tables[1]);

    let out = ok("notebook", dir, &[SMALL_NOTEBOOK.as_slice(), &["--single-loss", "--num-beams", "1"]].concat());
    assert!(!out.contains("sigmoid"), "{out}");
    let data = kept("train.jsonl");
    let files =
        ["--train-file", &data, "--eval-file", &data, "--compared-texts-per-prompt", "1", "--text-length", "12"];
    let out = ok("notebook", dir, &[files.as_slice(), &["--single-loss"]].concat());
    assert!(out.contains("epoch 3.00: held-out loss") && !out.contains("  held-out "), "{out}");
}

#[test]
fn wrong_options_of_the_notebook() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    std::fs::write(dir.join("there.html"), "kept").unwrap();
    for (options, says) in [
        (vec!["--report", "there.html"], "there.html exists already"),
        (vec!["--overwrite"], "--report"),
        (vec!["--output-dir", "."], "exists already"),
        (vec!["--texts-per-prompt", "0"], "--texts-per-prompt"),
        (vec!["--compared-texts-per-prompt", "0"], "--compared-texts-per-prompt"),
        (vec!["--batch-size", "0"], "--batch-size"),
        (vec!["--temperature", "0"], "temperature"),
        (vec!["--num-beams", "0"], "num_beams"),
        (vec!["--text-length", "129"], "--text-length"),
        (vec!["--text-length", "2"], "--text-length"),
        (vec!["--beta", "-1"], "beta"),
        (vec!["--eval-file", "there.html"], "--train-file"),
        (vec!["--train-file", "x.jsonl", "--texts-per-prompt", "3"], "--texts-per-prompt"),
    ] {
        let output = run("notebook", dir, &[&["--loss", "sigmoid"][..], &options].concat());
        let problem = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && problem.contains(says), "{options:?}: {problem}");
    }
    assert_eq!(std::fs::read_to_string(dir.join("there.html")).unwrap(), "kept");
}

/// What `evaluate` writes of several files, by name.
fn evaluated(dir: &Path, args: &[&str]) -> serde_json::Value {
    let out = ok("evaluate", dir, &[args, &["--output", "numbers.json", "--overwrite"]].concat());
    let numbers: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("numbers.json")).unwrap()).unwrap();
    for file in numbers["files"].as_array().unwrap() {
        let name = file["file"].as_str().unwrap();
        assert_eq!(out.lines().filter(|line| line.starts_with(name)).count(), 3, "{name}\n{out}");
        let entropy = file["report"]["notebook_entropy"]["value"].to_string();
        assert!(out.contains(&entropy), "{entropy} is not in\n{out}");
    }
    numbers
}

#[test]
fn several_files_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Two tokens, equally often: their entropy is log 2.
    std::fs::write(dir.join("few.csv"), "text,score\nQZ,1\nZQ,3\n").unwrap();
    std::fs::write(dir.join("many.jsonl"), "{\"text\": \"QZQZQZ\"}\n".repeat(3)).unwrap();
    for args in [&["--input", "few.csv", "many.jsonl"][..], &["--input", "few.csv", "--input", "many.jsonl"]] {
        let numbers = evaluated(dir, args);
        assert_eq!(numbers["equal_samples"], serde_json::json!({"texts": 2, "tokens": 2}));
        let [few, many] = &numbers["files"].as_array().unwrap()[..] else { panic!("{numbers}") };
        assert_eq!((&few["report"]["tokens"], &many["report"]["tokens"]), (&4.into(), &18.into()));
        assert_eq!(few["report"]["mean_reward"]["value"], 2.0);
        assert!(many["report"]["mean_reward"].is_null());
        let close = |what: &str, found: &serde_json::Value, expected: f64| {
            assert!((found.as_f64().unwrap() - expected).abs() < 1e-12, "{what}: {found}, expected {expected}");
        };
        for file in [few, many] {
            // Four tokens, two of each kind, none of which stands once.
            close("plain", &file["equal_samples_entropy"]["value"], 2f64.ln());
            close("Miller-Madow", &file["equal_samples_miller_madow_entropy"]["value"], 2f64.ln() + 1.0 / 8.0);
            close("Chao-Wang-Jost", &file["equal_samples_chao_wang_jost_entropy"]["value"], 1.0 / 2.0 + 1.0 / 3.0);
            close("tokens a text", &file["equal_samples_tokens"], 2.0);
            close("distinct-1", &file["equal_samples_distinct"][0]["value"], 2.0 / 4.0);
        }
        // QZ and ZQ, and twice QZ.
        close("distinct-2", &few["equal_samples_distinct"][1]["value"], 1.0);
        close("distinct-2", &many["equal_samples_distinct"][1]["value"], 1.0 / 2.0);
        // QZ ZQ QZ ZQ QZ.
        close("distinct-2 in a text", &many["diversity"]["ngrams"][1]["distinct_per_text"], 2.0 / 5.0);
        close("length", &many["diversity"]["mean_length"], 6.0);
    }
    let output =
        run("evaluate", dir, &["--input", "few.csv", "many.jsonl", "--equal-texts", "3", "--equal-tokens", "2"]);
    let problem = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && problem.contains("few.csv: ") && problem.contains("sample.texts"), "{problem}");
}

/// The notebook's own texts, which are not part of this repository: where they are not there, there is nothing to compare.
#[test]
fn the_notebooks_own_table() {
    let shared = repository().join("../shared");
    let (data, tokenizer) = (shared.join("data/notebook"), shared.join("tokenizers/gpt2"));
    if !data.is_dir() || !tokenizer.is_dir() {
        return;
    }
    let golden = std::fs::read_to_string(kept("metrics.json")).unwrap();
    let golden: serde_json::Value = serde_json::from_str(&golden).unwrap();
    let names = ["sft", "hinge", "sigmoid"];
    let files = names.map(|name| data.join(format!("{name}_generated.csv")).to_str().unwrap().to_owned());
    let dir = tempfile::tempdir().unwrap();
    let tokenizer = tokenizer.to_str().unwrap();
    let args = ["--resamples", "40", "--tokenizer", tokenizer, "--input", &files[0], &files[1], &files[2]];
    let numbers = evaluated(dir.path(), &args);
    assert_eq!(numbers["equal_samples"]["texts"], 138);
    for (name, file) in names.into_iter().zip(numbers["files"].as_array().unwrap()) {
        for (found, expected) in [
            (&file["report"]["notebook_entropy"]["value"], &golden[name]["notebook_entropy"]),
            (&file["report"]["token_entropy"]["value"], &golden[name]["unigram_entropy_nats"]),
            (&file["report"]["mean_reward"]["value"], &golden[name]["reward_mean"]),
        ] {
            let (found, expected) = (found.as_f64().unwrap(), expected.as_f64().unwrap());
            assert!((found - expected).abs() < 1e-9, "{name}: {found}, expected {expected}");
        }
    }
}

#[test]
fn a_model_in_another_dtype() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for model in ["gpt2-tiny", "distilbert-tiny"] {
        let from = kept(&format!("models/{model}"));
        ok("convert", dir, &["--model", &from, "--dtype", "float16", "--output-dir", model]);
        let bytes = |folder: &Path| std::fs::metadata(folder.join("model.safetensors")).unwrap().len() as f64;
        let (before, after) = (bytes(Path::new(&from)), bytes(&dir.join(model)));
        assert!((after / before - 0.5).abs() < 0.02, "{model}: {before} bytes became {after}");
        let again = run("convert", dir, &["--model", &from, "--dtype", "float16", "--output-dir", model]);
        assert!(!again.status.success(), "{model} was overwritten");
    }
    std::fs::write(dir.join("pairs.jsonl"), "{\"prompt\": \"The\", \"completion\": \" film is good\"}\n").unwrap();
    let sum = |model: &str| {
        ok("logps", dir, &["--model", model, "--input", "pairs.jsonl", "--output", "logps.jsonl", "--overwrite"]);
        lines(&dir.join("logps.jsonl"))[0]["logps"].as_f64().unwrap()
    };
    let (exact, rounded) = (sum(&kept("models/gpt2-tiny")), sum("gpt2-tiny"));
    // float16 holds 11 binary digits.
    assert!(exact != rounded && (exact - rounded).abs() < 1e-2 * exact.abs(), "{exact} became {rounded}");
}
