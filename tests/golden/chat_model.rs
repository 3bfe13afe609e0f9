//! Compares a real chat model with transformers, if there is one: `python/chat_model.py` writes the expected values and says how.

use align_data::Tokenizer;
use align_data::chat::{Message, RenderOptions};
use align_models::generation::{Generation, GenerationConfig, generate_completions};
use align_models::{Attention, AutoModelForCausalLm, CausalLm, ModelResolver};
use serde_json::Value;
use tch::{Device, Kind, Tensor};

#[test]
fn chat_model() {
    let (Ok(name), Ok(expected)) = (std::env::var("ALIGN_CHAT_MODEL"), std::env::var("ALIGN_CHAT_EXPECTED")) else {
        println!("no chat model: set ALIGN_CHAT_MODEL and ALIGN_CHAT_EXPECTED");
        return;
    };
    let folder = ModelResolver::default().folder(&name).unwrap();
    let model = AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu).unwrap();
    let tokenizer = Tokenizer::from_pretrained(&folder).unwrap().for_embeddings(model.vocab_size()).unwrap();
    let config = GenerationConfig { max_new_tokens: Some(40), ..GenerationConfig::from_pretrained(&folder).unwrap() };
    let generation = Generation::new(config).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(expected).unwrap()).unwrap();
    let mut worst: f64 = 0.0;
    for case in &cases {
        let messages: Vec<Message> = case["messages"].as_array().unwrap().iter().map(message).collect();
        let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
        let text = tokenizer.chat_template(None, None).unwrap().render(&messages, &options).unwrap().text;
        let ids = tokenizer.encode(&text, false).unwrap();
        assert_eq!(ids, list::<i64>(&case["input_ids"]), "{text}");
        let hidden = model.hidden(&Tensor::from_slice(&ids).unsqueeze(0), None, &Attention::Causal, None).unwrap();
        let logits: Vec<f64> =
            Vec::try_from(model.logits(&hidden.select(1, -1)).unwrap().squeeze_dim(0).to_kind(Kind::Double)).unwrap();
        for (found, expected) in logits.iter().zip(list::<f64>(&case["logits"])) {
            worst = worst.max((found - expected).abs());
        }
        let answers = generate_completions(model.as_ref(), &[ids], &generation, 1).unwrap();
        assert_eq!(answers[0].ids_with_eos(), list::<i64>(&case["answer_ids"]), "{text}");
    }
    println!("{} conversations, logits within {worst:.1e}", cases.len());
    assert!(cases.len() >= 10 && worst < 1e-3, "logits differ by {worst}");
}

fn message(value: &Value) -> Message {
    Message::from_json(value.clone()).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}
