//! Scores texts with a classifier.
//!
//! ```sh
//! cargo run --release --example score -- models/distilbert-imdb-1m "A fine film." "A dull film."
//! ```

use align::inference::RewardModel;
use align::models::score::Score;
use tch::{Device, Kind};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, texts)) = arguments.split_first() else { return Err("usage: score MODEL TEXT...".into()) };
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    // Without a score it is minus the logit of the negative class.
    let probability: Score = "probability:1".parse()?;
    let model = RewardModel::from_pretrained(folder.as_ref(), Some(&probability), Kind::Float, Device::Cpu)?;
    for (text, score) in texts.iter().zip(model.scores(&texts)?) {
        println!("{score:.3} {text}");
    }
    Ok(())
}
