//! What DPO reports of a batch.

use crate::objective::pair_micro_batch::PairValues;
use crate::objective::row_statistics::{RowStatistics, mean_over_pairs, numbers};
use crate::{BatchMetrics, Result};
use align_losses::{ImplicitRewards, Pair, PairLogps};

pub(super) fn of(rewards: &ImplicitRewards, logps: &PairLogps, values: PairValues) -> Result<BatchMetrics> {
    let (both, policy) = (rewards.rewards(), logps.policy());
    let mut metrics = BatchMetrics::default();
    for (name, values) in [
        ("rewards/chosen", &both.chosen),
        ("rewards/rejected", &both.rejected),
        ("rewards/accuracies", &rewards.accuracies()),
        ("rewards/margins", &rewards.margins()),
        ("logps/chosen", &policy.chosen),
        ("logps/rejected", &policy.rejected),
        ("log_ratios/chosen", &rewards.log_ratios.chosen),
        ("log_ratios/rejected", &rewards.log_ratios.rejected),
        ("likelihood_displacement", &rewards.displaced()),
    ] {
        metrics.set(name, mean_over_pairs(&numbers(values)?));
    }
    if let Some(Pair { chosen, rejected }) = values.statistics() {
        metrics.set("logits/chosen", chosen.mean_logit(|_| true));
        metrics.set("logits/rejected", rejected.mean_logit(|_| true));
        metrics.set("mean_token_accuracy", chosen.accuracy(|_| true));
        let both = RowStatistics::joined(vec![chosen, rejected]);
        metrics.set("entropy", both.and_then(|both| both.entropy(|_| true)));
    }
    Ok(metrics)
}
