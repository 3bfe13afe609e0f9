//! New models: the distribution of their weights, reproducibility by seed, and saving.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_models::checkpoint::save_safetensors;
use align_models::{CausalLm, DistilBert, DistilBertConfig, Gpt2, Gpt2Config, Parameters, TrainableModel};
use tch::{Device, Kind, Tensor};

fn gpt2_config() -> Gpt2Config {
    Gpt2Config {
        vocab_size: 211,
        n_positions: 96,
        n_embd: 64,
        n_layer: 3,
        n_head: 4,
        bos_token_id: None,
        eos_token_id: Some(vec![7]),
        ..Gpt2Config::default()
    }
}

fn distilbert_config() -> DistilBertConfig {
    DistilBertConfig {
        vocab_size: 211,
        max_position_embeddings: 96,
        dim: 64,
        n_layers: 2,
        n_heads: 4,
        hidden_dim: 128,
        num_labels: Some(3),
        pad_token_id: Some(5),
        ..DistilBertConfig::default()
    }
}

fn gpt2(seed: u64) -> Gpt2 {
    Gpt2::new_random(gpt2_config(), seed, Kind::Float, Device::Cpu).unwrap()
}

fn distilbert(seed: u64) -> DistilBert {
    DistilBert::new_random(distilbert_config(), seed, Kind::Float, Device::Cpu).unwrap()
}

/// Checks the mean and standard deviation of weights to four standard errors.
fn assert_normal(name: &str, weight: &Tensor, std: f64) {
    let (count, weight) = (weight.numel() as f64, weight.to_kind(Kind::Double));
    let (mean, found) = (weight.mean(Kind::Double).double_value(&[]), weight.std(false).double_value(&[]));
    assert!(mean.abs() < 4.5 * std / count.sqrt(), "{name}: mean {mean}");
    assert!(
        (found - std).abs() < 4.5 * std / (2.0 * count).sqrt(),
        "{name}: standard deviation {found}, expected {std}"
    );
}

fn assert_constant(name: &str, weight: &Tensor, value: f64) {
    assert_eq!((weight - value).abs().max().double_value(&[]), 0.0, "{name} is not {value} everywhere");
}

#[test]
fn gpt2_is_drawn_as_transformers_draws_it() {
    for (range, seed) in [(None, 1), (Some(0.1), 2)] {
        let mut config = gpt2_config();
        config.extra.extend(range.map(|std: f64| ("initializer_range".to_owned(), std.into())));
        let model = Gpt2::new_random(config, seed, Kind::Float, Device::Cpu).unwrap();
        let std = range.unwrap_or(0.02);
        for (name, weight) in model.parameters().iter() {
            match name {
                _ if name.ends_with("bias") => assert_constant(name, weight, 0.0),
                _ if name.contains("ln_") => assert_constant(name, weight, 1.0),
                _ if name.ends_with("c_proj.weight") => assert_normal(name, weight, std / 6f64.sqrt()),
                _ => assert_normal(name, weight, std),
            }
        }
    }
}

#[test]
fn distilbert_is_initialised_as_in_transformers() {
    let model = distilbert(1);
    for (name, weight) in model.parameters().iter() {
        match name {
            _ if name.ends_with("bias") => assert_constant(name, weight, 0.0),
            _ if name.to_lowercase().replace('_', "").contains("layernorm") => assert_constant(name, weight, 1.0),
            "distilbert.embeddings.word_embeddings.weight" => {
                assert_constant("padding", &weight.get(5), 0.0);
                assert_normal(name, &Tensor::cat(&[weight.narrow(0, 0, 5), weight.narrow(0, 6, 205)], 0), 0.02);
            }
            _ => assert_normal(name, weight, 0.02),
        }
    }
}

/// Saves the weights of a classifier without those of these names, like a checkpoint of an encoder or of an incomplete classifier.
fn without(model: &DistilBert, names: &[&str]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    model.save_pretrained(dir.path(), false).unwrap();
    let kept = model.parameters().iter().filter(|(name, _)| !names.contains(name));
    // The names of an encoder have no prefix.
    let kept: Vec<_> = kept.map(|(name, weight)| (name.trim_start_matches("distilbert."), weight)).collect();
    save_safetensors(&dir.path().join("model.safetensors"), kept, true).unwrap();
    dir
}

#[test]
fn an_encoder_gets_a_new_classifier_only_for_training() {
    const HEAD: [&str; 4] = ["pre_classifier.weight", "pre_classifier.bias", "classifier.weight", "classifier.bias"];
    let model = distilbert(1);
    let bare = without(&model, &HEAD);
    let load = |seed| DistilBert::from_pretrained_for_training(bare.path(), seed, Kind::Float, Device::Cpu).unwrap();
    let ((first, is_new), (second, _)) = (load(7), load(8));
    assert!(is_new && same(first.parameters(), load(7).0.parameters()));
    for (name, weight) in first.parameters().iter() {
        let other = second.parameters().get(name).unwrap();
        match name {
            _ if !HEAD.contains(&name) => assert!(weight.equal(model.parameters().get(name).unwrap()), "{name}"),
            _ if name.ends_with("bias") => assert_constant(name, weight, 0.0),
            _ => assert!(!weight.equal(other) && weight.equal(distilbert(7).parameters().get(name).unwrap()), "{name}"),
        }
    }
    let names: Vec<&str> = first.parameters().iter().map(|(name, _)| name).collect();
    assert_eq!(names, model.parameters().iter().map(|(name, _)| name).collect::<Vec<_>>());
    let refused = DistilBert::from_pretrained(bare.path(), Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(refused.contains("missing (4)") && refused.contains("classifier.weight"), "{refused}");
    let half = without(&model, &HEAD[2..]);
    let refused = DistilBert::from_pretrained_for_training(half.path(), 7, Kind::Float, Device::Cpu).unwrap_err();
    assert!(refused.to_string().contains("missing (2)"), "{refused}");
    let whole = without(&model, &[]);
    let (again, is_new) = DistilBert::from_pretrained_for_training(whole.path(), 7, Kind::Float, Device::Cpu).unwrap();
    assert!(!is_new && same(again.parameters(), model.parameters()));
}

fn same(a: &Parameters, b: &Parameters) -> bool {
    a.iter().zip(b.iter()).all(|((_, a), (_, b))| a.equal(b))
}

#[test]
fn weights_depend_on_the_seed_and_differ_from_each_other() {
    tch::manual_seed(3);
    let first = gpt2(9);
    tch::manual_seed(4);
    assert!(same(first.parameters(), gpt2(9).parameters()), "LibTorch's generator has no part in it");
    assert!(!same(first.parameters(), gpt2(10).parameters()));
    assert!(same(distilbert(9).parameters(), distilbert(9).parameters()));
    let layer = |i: usize| first.parameters().get(&format!("transformer.h.{i}.attn.c_attn.weight")).unwrap();
    assert!(!layer(0).equal(layer(1)));
    // Weights are always drawn in float32.
    let half = Gpt2::new_random(gpt2_config(), 9, Kind::BFloat16, Device::Cpu).unwrap();
    assert!(half.parameters().get("transformer.wte.weight").unwrap().equal(&first.head().to_kind(Kind::BFloat16)));
}

#[test]
fn a_new_model_is_saved_in_the_format_of_transformers() {
    let dir = tempfile::tempdir().unwrap();
    let (language, classifier) = (dir.path().join("gpt2"), dir.path().join("distilbert"));
    let (a, b) = (gpt2(1), distilbert(1));
    a.save_pretrained(&language, false).unwrap();
    b.save_pretrained(&classifier, false).unwrap();
    assert!(same(a.parameters(), Gpt2::from_pretrained(&language, Kind::Float, Device::Cpu).unwrap().parameters()));
    let again = DistilBert::from_pretrained(&classifier, Kind::Float, Device::Cpu).unwrap();
    assert!(same(b.parameters(), again.parameters()));
    for (folder, architecture) in [(language, "GPT2LMHeadModel"), (classifier, "DistilBertForSequenceClassification")] {
        let text = std::fs::read_to_string(folder.join("config.json")).unwrap();
        assert!(text.contains(architecture) && text.contains("model_type"), "{text}");
    }
}

#[test]
fn invalid_configs_are_rejected_with_the_field() {
    let refused = |config: Gpt2Config| Gpt2::new_random(config, 1, Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(refused(Gpt2Config { n_head: 5, ..gpt2_config() }).contains("n_head"));
    assert!(refused(Gpt2Config { eos_token_id: Some(vec![211]), ..gpt2_config() }).contains("eos_token_id"));
    let refused =
        |config: DistilBertConfig| DistilBert::new_random(config, 1, Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(refused(DistilBertConfig { pad_token_id: Some(211), ..distilbert_config() }).contains("pad_token_id"));
    let wide = refused(DistilBertConfig { dim: 1 << 17, hidden_dim: 1 << 20, n_layers: 100, ..distilbert_config() });
    assert!(
        wide.contains("dim 131072") && wide.contains("hidden_dim 1048576") && wide.contains("are available"),
        "{wide}"
    );
    let sizes = Gpt2Config { n_embd: 1 << 15, n_layer: 12, ..gpt2_config() };
    let wide = Gpt2::new_random(sizes, 1, Kind::Float, Device::Cpu).unwrap_err().to_string();
    assert!(wide.contains("n_embd 32768") && wide.contains("are available"), "{wide}");
}

/// Their values are those of the formula in "Attention is all you need".
#[test]
fn sinusoidal_positions_are_computed() {
    let mut config = distilbert_config();
    config.extra.insert("sinusoidal_pos_embds".into(), true.into());
    let dim = config.dim as f64;
    let model = DistilBert::new_random(config, 1, Kind::Float, Device::Cpu).unwrap();
    let positions = model.parameters().get("distilbert.embeddings.position_embeddings.weight").unwrap();
    for (position, column) in [(0, 0), (0, 1), (3, 2), (3, 3), (5, 7)] {
        let angle = position as f64 / 10_000_f64.powf(f64::from(column / 2 * 2) / dim);
        let expected = if column % 2 == 0 { angle.sin() } else { angle.cos() };
        assert!((positions.double_value(&[position, i64::from(column)]) - expected).abs() < 1e-6);
    }
}
