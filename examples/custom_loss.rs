//! DPO with a custom loss: only the link, a function from the margin of a pair to its loss, has to be implemented.
//!
//! ```sh
//! cargo run --example custom_loss -- models/gpt2-imdb-4m pairs.jsonl
//! ```

use align::data::{EncodeOptions, encode_pairs};
use align::losses::{FDivergence, MarginLoss, SurrogateLoss};
use align::prelude::*;
use align::tch::Tensor;

/// The squared hinge loss, which is differentiable everywhere.
#[derive(Debug)]
struct SquaredHinge;

impl SurrogateLoss for SquaredHinge {
    fn loss(&self, margin: &Tensor, beta: f64) -> align::losses::Result<Tensor> {
        Ok((1.0_f64 - beta * margin).f_relu()?.f_square()?)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, pairs] = &arguments[..] else { return Err("usage: custom_loss MODEL PAIRS".into()) };
    let tokenizer = Tokenizer::from_pretrained(model)?;
    let policy = Gpt2::from_pretrained(model.as_ref(), Kind::Float, Device::Cpu)?;
    let encoding = EncodeOptions { max_length: Some(128), ..Default::default() };
    let rows = encode_pairs(&tokenizer, PreferencePairs::read(pairs)?.rows(), &encoding)?.pairs;

    let loss = MarginLoss::new(FDivergence::ReverseKl, SquaredHinge, 0.1)?;
    let training = TrainingConfig { max_steps: Some(8), learning_rate: 1e-4, ..Default::default() };
    let config = DpoConfig { training, ..Default::default() };
    for step in DpoTrainer::with_loss(policy, None, rows, config, Box::new(loss))? {
        let step = step?;
        let margin = step.metrics.get("rewards/margins").unwrap_or_default();
        println!("step {}: loss {:.4}, reward margin {margin:+.4}", step.step, step.loss);
    }
    Ok(())
}
