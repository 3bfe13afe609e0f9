//! The metrics of DPO.

use crate::objective::pair_micro_batch::PairValues;
use crate::objective::row_statistics::{HISTOGRAMS, RowStatistics, mean_over_pairs, to_f64s};
use crate::{BatchMetrics, Result};
use align_losses::{ImplicitRewards, Pair, PairLogps};

pub(super) fn batch_metrics(rewards: &ImplicitRewards, logps: &PairLogps, values: PairValues) -> Result<BatchMetrics> {
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
        ("likelihood_displacement", &rewards.likelihood_displacement()),
    ] {
        let values = to_f64s(values)?;
        metrics.set(name, mean_over_pairs(&values));
        if HISTOGRAMS.contains(&name) {
            metrics.set_row_values(name, values);
        }
    }
    if let Some(Pair { chosen, rejected }) = values.statistics() {
        metrics.set("logits/chosen", chosen.mean_logit(|_| true));
        metrics.set("logits/rejected", rejected.mean_logit(|_| true));
        metrics.set("mean_token_accuracy", chosen.accuracy(|_| true));
        let both = RowStatistics::concat(vec![chosen, rejected]);
        metrics.set("entropy", both.and_then(|both| both.entropy(|_| true)));
    }
    Ok(metrics)
}
