//! The metrics of a batch.

use crate::BatchMetrics;
use crate::objective::row_statistics::RowStatistics;
use align_losses::PolicyStatistics;

/// TRL's metrics. `counts` says which rows count.
pub(super) fn batch_metrics(parts: &[PolicyStatistics], tokens: Vec<RowStatistics>, counts: &[bool]) -> BatchMetrics {
    let (statistics, mut metrics) = (PolicyStatistics::combine(parts), BatchMetrics::default());
    for (name, mean) in statistics.means() {
        metrics.set(name, mean);
    }
    metrics.set_min("clip_ratio/low_min", statistics.clip_low_min.as_slice());
    metrics.set_max("clip_ratio/high_max", statistics.clip_high_max.as_slice());
    let counts = |row: usize| counts.get(row).copied().unwrap_or(false);
    metrics.set("entropy", RowStatistics::concat(tokens).and_then(|tokens| tokens.entropy(counts)));
    metrics
}
