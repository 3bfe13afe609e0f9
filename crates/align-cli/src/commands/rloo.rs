//! Trains a language model on texts that it writes itself, with RLOO.
//!
//! ```sh
//! align rloo --reward-funcs max-words:40 --output-dir runs/rloo
//! ```

use crate::Failure;
use crate::on_policy_options::OnPolicyOptions;
use crate::rounds_options::without_sampling;
use align_online::PairSelection;
use align_train::RlooConfig;
use align_train::objective::Rloo;
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts that it writes itself with RLOO. In each round it continues prompts several times, reward
/// functions and judges score the texts, and each text is made more or less likely by how much better it is than others of its prompt.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    on_policy: OnPolicyOptions,
    #[command(flatten)]
    #[serde(flatten, serialize_with = "without_sampling")]
    rloo: RlooConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let (num_generations, temperature, _) = options.on_policy.rounds.sampling();
    let config = RlooConfig { num_generations, temperature, ..options.rloo.clone() };
    let weights = config.reward_weights.clone();
    options.on_policy.train::<Rloo>("rloo", config, (PairSelection::default(), weights.as_deref()), options)
}
