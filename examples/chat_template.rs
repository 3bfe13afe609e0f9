//! Renders a conversation with a model's chat template, and counts its tokens.
//!
//! ```sh
//! cargo run --example chat_template -- models/smollm2 "What is a film noir?"
//! ```

use align::data::chat::{Message, RenderOptions};
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [model, question] =
        std::env::args().skip(1).collect::<Vec<_>>().try_into().map_err(|_| "usage: chat_template MODEL QUESTION")?;
    let tokenizer = Tokenizer::from_pretrained(model)?;
    let messages = [Message::new("system", "Answer briefly."), Message::new("user", &question)];
    let options = RenderOptions { add_generation_prompt: true, ..RenderOptions::default() };
    let chat = tokenizer.chat_template(None, None)?.render(&messages, &options)?;
    let tokens = tokenizer.encode_chat(&chat)?.ids.len();
    println!("{}\n{tokens} tokens", chat.text);
    Ok(())
}
