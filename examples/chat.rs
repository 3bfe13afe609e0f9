//! Asks a chat model two questions, and prints the answers while they are generated. The second answer knows the first.
//!
//! ```sh
//! cargo run --example chat -- models/smollm2 "What is a film noir?" "Name one."
//! ```

use align::inference::Chat;
use align::prelude::*;
use std::ops::ControlFlow;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, questions @ ..] = &arguments[..] else { return Err("usage: chat MODEL QUESTION...".into()) };
    let folder = ModelResolver::default().folder(model)?;
    let model = AutoModelForCausalLm::from_pretrained(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained(&folder)?;
    let config = GenerationConfig { max_new_tokens: Some(60), ..GenerationConfig::from_pretrained(&folder)? };
    let mut chat = Chat::new(model.as_ref(), &tokenizer, config)?;
    for question in questions {
        println!("> {question}");
        let answer = chat.answer(question, |text| {
            print!("{text}");
            ControlFlow::Continue(())
        })?;
        println!("\n({} tokens)", answer.tokens);
    }
    Ok(())
}
