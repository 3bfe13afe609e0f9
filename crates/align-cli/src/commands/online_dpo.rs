//! Trains a language model on texts that it writes itself, in rounds.
//!
//! ```sh
//! align online-dpo --rounds 5 --output-dir runs/online
//! ```

use crate::Failure;
use crate::on_policy_options::OnPolicyOptions;
use align_online::PairSelection;
use align_train::DpoConfig;
use align_train::objective::Dpo;
use clap::Args;
use serde::Serialize;

/// Trains a language model on texts that it writes itself (online DPO). In each round it continues prompts several times, judges score the
/// texts, and the model is trained on pairs of texts of one prompt, with any loss of the DPO family.
#[derive(Args, Serialize)]
pub struct Options {
    #[command(flatten)]
    #[serde(flatten)]
    on_policy: OnPolicyOptions,
    /// Which texts of a prompt become pairs.
    #[arg(long, value_enum, default_value = "best-worst")]
    pair_selection: Selection,
    #[command(flatten)]
    #[serde(flatten)]
    dpo: DpoConfig,
}

/// Which texts of a prompt become pairs.
#[derive(Debug, Clone, Copy, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Selection {
    /// The text with the highest reward against the one with the lowest.
    BestWorst,
    /// Each two texts with different rewards.
    All,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let pairs = match options.pair_selection {
        Selection::BestWorst => PairSelection::BestWorst,
        Selection::All => PairSelection::All,
    };
    options.on_policy.train::<Dpo>("online-dpo", options.dpo.clone(), (pairs, None), options)
}
