//! Loads a model from the Hugging Face hub by its name. It is downloaded once and then loaded from the cache.
//!
//! ```sh
//! cargo run --example hub_model -- lvwerra/gpt2-imdb "This movie"
//! ```

use align::models::ModelResolver;
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, prompt] = &arguments[..] else { return Err("usage: hub_model NAME PROMPT".into()) };
    // A folder, user/name, or user/name@revision; HF_HOME, HF_TOKEN and HF_HUB_OFFLINE are honoured.
    let folder = ModelResolver::default().folder(name)?;
    let model = Gpt2::from_pretrained(&folder, Kind::Float, Device::Cpu)?;
    let tokenizer = Tokenizer::from_pretrained(&folder)?;
    let generation = Generation::new(GenerationConfig { max_new_tokens: Some(20), ..Default::default() })?;
    for text in generate_texts(&model, &tokenizer, &[prompt], 1, &generation, None)? {
        println!("{}", text.text);
    }
    Ok(())
}
