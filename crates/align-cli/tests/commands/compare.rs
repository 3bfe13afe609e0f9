//! `align compare`.

use crate::ok;
use crate::support::golden_path;
use align_models::{CausalLm, Gpt2, TrainableModel};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tch::{Device, Kind, Tensor};

const TEXTS: &str = "This movie was great.\nThe plot made no sense at all, and the end was worse.\nI like the actors.\n\
                     A boring story about a man.\nIt was fun to watch with my family.\n";

/// Writes the tiny GPT-2 with waves of this height on its weights to a folder.
fn write_changed(dir: &Path, name: &str, height: f64) {
    let tiny = golden_path("models/gpt2-tiny");
    let model = Gpt2::from_pretrained(tiny.as_ref(), Kind::Float, Device::Cpu).unwrap();
    for (_, weight) in model.parameters().iter() {
        let wave = Tensor::arange(weight.numel() as i64, (Kind::Float, model.device())).sin() * height;
        weight.shallow_clone().copy_(&(weight + wave.view_as(weight)));
    }
    let folder = dir.join(name);
    model.save_pretrained(&folder, false).unwrap();
    for file in ["tokenizer.json", "tokenizer_config.json"] {
        fs::copy(format!("{tiny}/{file}"), folder.join(file)).unwrap();
    }
}

fn json(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok("compare", dir, &[args, &["--json"]].concat())).unwrap()
}

#[test]
fn a_model_has_no_distance_from_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, tiny) = (dir.path(), golden_path("models/gpt2-tiny"));
    fs::write(dir.join("texts.txt"), TEXTS).unwrap();
    let found = json(dir, &[&tiny, &tiny, "--input", "texts.txt", "--texts-per-prompt", "1", "--max-new-tokens", "6"]);
    assert_eq!(found["models"][1], format!("{} (2)", found["models"][0].as_str().unwrap()));
    assert_eq!(found["weights"][0]["squared_l2"], 0.0);
    for layer in found["hidden"][0]["layers"].as_array().unwrap() {
        assert!((layer["debiased_cka"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{layer}");
    }
    for divergence in ["kl_first_second", "kl_second_first", "jensen_shannon", "total_variation"] {
        assert_eq!(found["divergence"][0][divergence]["per_text"]["value"], 0.0, "{divergence}");
    }
    for distance in ["mmd_squared", "energy_distance", "sliced_wasserstein"] {
        assert!(found["texts"][0][distance]["p_value"].as_f64().unwrap() > 0.05, "{distance}");
    }
    assert_eq!(found["judges"], Value::Null);
}

#[test]
fn three_models_are_compared_in_tables_figures_and_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, tiny) = (dir.path(), golden_path("models/gpt2-tiny"));
    fs::write(dir.join("texts.txt"), TEXTS).unwrap();
    write_changed(dir, "near", 0.002);
    write_changed(dir, "far", 0.02);
    let judge = format!("film={}:logit:1", golden_path("models/distilbert-tiny"));
    let with = |output: &str| {
        let metrics = "weights,hidden,divergence,texts,judges";
        let args = [&tiny, "near", "far", "--metrics", metrics, "--input", "texts.txt", "--judge", &judge];
        let small =
            ["--texts-per-prompt", "1", "--max-new-tokens", "6", "--permutations", "99", "--output-dir", output];
        ok("compare", dir, &[&args[..], &small].concat())
    };
    let printed = with("a");
    for words in ["gpt2-tiny – near", "Squared MMD", "film, a − b", "Jensen-Shannon, nats", "near and far"] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    let document: Value = serde_json::from_slice(&fs::read(dir.join("a/distances.json")).unwrap()).unwrap();
    let js = |pair: usize| document["divergence"][pair]["jensen_shannon"]["per_token"]["value"].as_f64().unwrap();
    assert!(0.0 < js(0) && js(0) < js(1), "{} {}", js(0), js(1));
    let moved = |pair: usize| document["weights"][pair]["squared_l2"].as_f64().unwrap();
    assert!((moved(1) / moved(0) - 100.0).abs() < 0.1, "ten times as high waves");
    // The same command gives the same bytes.
    with("b");
    let mut files: Vec<_> = fs::read_dir(dir.join("a")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.sort();
    for name in ["report.html", "tree.svg", "jensen_shannon.png", "cka_by_layer.svg"] {
        assert!(files.iter().any(|file| file == name), "{files:?}");
    }
    for file in files {
        assert!(
            fs::read(dir.join("a").join(&file)).unwrap() == fs::read(dir.join("b").join(&file)).unwrap(),
            "{file:?}"
        );
    }
}

#[test]
fn adapters_and_tables_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let (dir, tiny) = (dir.path(), golden_path("models/gpt2-tiny"));
    let pairs = golden_path("train.jsonl");
    let lora =
        ["--train-file", &pairs, "--max-steps", "2", "--learning-rate", "1e-2", "--use-peft", "--output-dir", "run"];
    ok("dpo", dir, &lora);
    ok("merge-adapter", dir, &["--adapter", "run/model", "--output-dir", "merged"]);
    let found = json(dir, &[&tiny, "run/model", "merged"]);
    assert!(found["weights"][0]["squared_l2"].as_f64().unwrap() > 0.0);
    assert_eq!(found["weights"][2]["squared_l2"], 0.0, "an adapter and the merged model");
    assert_eq!(found["hidden"], Value::Null);
    // Completions after their prompts, and the texts of a table of which two have one prompt.
    fs::write(
        dir.join("rows.jsonl"),
        "{\"prompt\": \"This\", \"completion\": \" film\"}\n{\"prompt\": \"The\", \"completion\": \" plot was\"}\n",
    )
    .unwrap();
    fs::write(dir.join("table.csv"), "prompt,text\nThis,This film\nThis,This movie was\nThe,The plot\n").unwrap();
    for (file, texts) in [("rows.jsonl", 2), ("table.csv", 3)] {
        let found = json(dir, &[&tiny, "run/model", "--metrics", "divergence", "--input", file]);
        assert_eq!((found["input_texts"].clone(), &found["weights"]), (texts.into(), &Value::Null), "{file}");
        assert!(found["divergence"][0]["kl_first_second"]["per_token"]["value"].as_f64().unwrap() > 0.0);
    }
}
