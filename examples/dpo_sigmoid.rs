//! The notebook's pipeline with the sigmoid loss: generate, score, pair, train, compare.
//!
//! ```sh
//! cargo run --example dpo_sigmoid -- --seed 42
//! ```

mod notebook;

use align::losses::LossType;

fn main() -> notebook::Result<()> {
    notebook::run([LossType::Sigmoid, LossType::Hinge])
}
