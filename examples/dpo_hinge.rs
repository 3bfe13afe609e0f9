//! The notebook's pipeline with the hinge loss: generate, score, pair, train, compare.
//!
//! ```sh
//! cargo run --example dpo_hinge -- --seed 42
//! ```

mod notebook;

use align::losses::LossType;

fn main() -> notebook::Result<()> {
    notebook::run([LossType::Hinge, LossType::Sigmoid])
}
