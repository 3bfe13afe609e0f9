//! Trains a language model on texts that it writes itself, with GRPO, or a related policy gradient.
//!
//! ```sh
//! align grpo --reward-funcs max-words:40 --output-dir runs/grpo
//! ```

use crate::Failure;
use crate::on_policy_options::OnPolicyOptions;
use crate::rounds_options::without_sampling;
use align_online::PairSelection;
use align_train::GrpoConfig;
use align_train::objective::Grpo;
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts that it writes itself with GRPO, or a related policy gradient. In each round it continues prompts several times, reward
/// functions and judges score the texts, and each text is made more or less likely by how much better it is than others of its prompt.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    on_policy: OnPolicyOptions,
    #[command(flatten)]
    #[serde(flatten, serialize_with = "without_sampling")]
    grpo: GrpoConfig,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let (num_generations, temperature, max_completion_length) = options.on_policy.rounds.sampling();
    let config = GrpoConfig { num_generations, temperature, max_completion_length, ..options.grpo.clone() };
    let weights = config.reward_weights.clone();
    options.on_policy.train::<Grpo>("grpo", config, (PairSelection::default(), weights.as_deref()), options)
}
