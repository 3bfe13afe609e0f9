//! The Rust code that model cards show compiles. The functions contain it line by line.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use align::prelude::*;
use align::train::{ModelCard, RunConfig};

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn language_model() -> Outcome {
    let folder = ModelResolver::default().folder("path/to/model")?;
    let model = AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained(&folder)?;
    let sampling = GenerationConfig { do_sample: true, max_new_tokens: Some(50), ..Default::default() };
    let generation = Generation::new(sampling)?;
    for text in generate_texts(model.as_ref(), &tokenizer, &["The film was"], 1, &generation, None)? {
        println!("{}", text.text);
    }
    Ok(())
}

fn merged_adapter() -> Outcome {
    let model = AutoModelForCausalLm::from_pretrained("merged".as_ref(), Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained("merged")?;
    let sampling = GenerationConfig { do_sample: true, max_new_tokens: Some(50), ..Default::default() };
    let generation = Generation::new(sampling)?;
    for text in generate_texts(model.as_ref(), &tokenizer, &["The film was"], 1, &generation, None)? {
        println!("{}", text.text);
    }
    Ok(())
}

fn classifier() -> Outcome {
    let score = "probability:1".parse()?;
    let classifier = RewardModel::load("path/to/model", Some(&score), Kind::Float, Device::Cpu)?;
    println!("{:?}", classifier.scores(&["A fine film.", "A dull film."])?);
    Ok(())
}

fn reward_model() -> Outcome {
    let rewards = RewardModel::load("path/to/model", None, Kind::Float, Device::Cpu)?;
    println!("{:?}", rewards.scores(&["A fine film.", "A dull film."])?);
    Ok(())
}

/// The lines of the Rust code in a model card.
fn code(config: impl RunConfig, adapter: bool) -> Vec<String> {
    let card = ModelCard {
        base_model: "base".to_owned(),
        base_model_id: None,
        adapter,
        ref_model: None,
        train_data: "pairs.jsonl".to_owned(),
        train_rows: 1,
        config,
        steps: 1,
        last_mean: None,
        eval_data: None,
        evaluation: None,
        hub_model_id: None,
    };
    let card = card.to_string();
    let code = card.split_once("```rust\n").unwrap().1.split_once("\n```").unwrap().0;
    code.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_code_of_model_cards_compiles() {
    let source = include_str!("model_card.rs");
    let mut shown = vec![code(DpoConfig::default(), false), code(DpoConfig::default(), true)];
    shown.push(code(ClassificationConfig::default(), false));
    shown.push(code(RewardConfig::default(), false));
    for lines in shown {
        assert!(lines.len() >= 3);
        for line in lines {
            assert!(source.lines().any(|found| found.trim() == line), "not compiled here: {line}");
        }
    }
    // There is no such folder, which is the only reason why they fail.
    for (run, folder) in [
        (language_model as fn() -> Outcome, "path/to/model"),
        (merged_adapter, "merged"),
        (classifier, "path/to/model"),
        (reward_model, "path/to/model"),
    ] {
        let message: String = run().unwrap_err().to_string();
        assert!(message.contains(folder), "{message}");
    }
}
