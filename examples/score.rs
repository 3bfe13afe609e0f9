//! Scores texts with a classifier.
//!
//! ```sh
//! cargo run --example score -- lvwerra/distilbert-imdb "A fine film." "A dull film."
//! ```

use align::models::score::Score;
use align::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, texts)) = arguments.split_first() else { return Err("usage: score MODEL TEXT...".into()) };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    // The default score is minus the logit of the negative class.
    let probability: Score = "probability:1".parse()?;
    let model = RewardModel::load(name, Some(&probability), Kind::Float, Device::Cpu)?;
    for (text, score) in texts.iter().zip(model.scores(&texts)?) {
        println!("{score:.3} {text}");
    }
    Ok(())
}
