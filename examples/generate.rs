//! Generation as iterators: first the tokens of one text as they are generated, then the completions of many prompts in batches.
//!
//! ```sh
//! cargo run --example generate -- models/gpt2-imdb-4m
//! ```

use align::data::NOTEBOOK_PROMPTS;
use align::models::generation::{CompletionGenerator, stream};
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, folder] = &arguments[..] else { return Err("usage: generate MODEL".into()) };
    let model = Gpt2::from_pretrained(folder.as_ref(), Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained(folder)?;
    let prompts = tokenizer.encode_prompts(&NOTEBOOK_PROMPTS)?;
    let sampling =
        GenerationConfig { do_sample: true, top_p: Some(0.9), max_new_tokens: Some(24), seed: 1, ..Default::default() };
    let generation = Generation::new(sampling)?;

    for token in stream(&model, &prompts[0], &generation)? {
        print!("{}|", tokenizer.decode(&[token?], true)?);
    }
    println!();

    // If the batch size is `None`, it is chosen automatically. The texts do not depend on it.
    for batch in CompletionGenerator::new(&model, &prompts, &generation, None)? {
        for completion in batch? {
            let end = if completion.finished { "ended with EOS" } else { "stopped at the limit" };
            println!("{}: {} tokens, {end}", NOTEBOOK_PROMPTS[completion.prompt], completion.ids.len());
        }
    }
    Ok(())
}
