use crate::batch_metrics::{RowValues, Summary, combine_means};
use crate::objective::BatchOutput;
use crate::{BatchMetrics, Metrics, Result};
use align_distributed::ProcessGroup;
use align_losses::{Mean, Over};
use serde::{Deserialize, Serialize};

/// The loss and the metrics of a batch over all processes.
#[derive(Debug)]
pub(crate) struct CombinedOutput {
    pub loss: f64,
    pub metrics: Metrics,
    pub tokens: u64,
    /// The values of single rows, if they are collected.
    pub row_values: RowValues,
}

impl CombinedOutput {
    /// Combines the outputs of the processes. That of a single process is kept to the bit.
    pub fn of(outputs: &[BatchOutput]) -> Result<Self> {
        if let [only] = outputs {
            let row_values = only.metrics.row_values().clone();
            return Ok(Self { loss: only.loss(), metrics: only.metrics.values(), tokens: only.tokens, row_values });
        }
        Ok(Self {
            loss: mean_loss(outputs)?,
            metrics: BatchMetrics::mean(outputs.iter().map(|output| &output.metrics))?,
            tokens: outputs.iter().map(|output| output.tokens).sum(),
            row_values: all_row_values(outputs),
        })
    }
}

/// The values of single rows of several outputs.
pub(crate) fn all_row_values<'a>(outputs: impl IntoIterator<Item = &'a BatchOutput>) -> RowValues {
    let mut all = RowValues::new();
    for (name, values) in outputs.into_iter().flat_map(|output| output.metrics.row_values()) {
        all.entry(name.clone()).or_default().extend(values);
    }
    all
}

/// The mean loss over several outputs: the sum of the mean of each term.
pub(crate) fn mean_loss(outputs: &[BatchOutput]) -> Result<f64> {
    let terms = outputs.iter().map(|output| output.loss_terms.len()).max().unwrap_or(0);
    let mean_term = |index: usize| {
        let means = outputs.iter().filter_map(|output| output.loss_terms.get(index).copied()).collect();
        Ok(combine_means("loss", means)?.value)
    };
    (0..terms).map(mean_term).sum()
}

/// The outputs of all processes for each batch, in the order of the processes. `own` has this process's output for each batch.
pub(crate) fn exchange_outputs(group: &ProcessGroup, own: Vec<BatchOutput>) -> Result<Vec<Vec<BatchOutput>>> {
    if group.is_single() {
        return Ok(own.into_iter().map(|output| vec![output]).collect());
    }
    let sent: Vec<SentOutput> = own.iter().map(SentOutput::of).collect();
    let all: Vec<Vec<SentOutput>> = group.all_gather_objects(&sent)?;
    let mut batches: Vec<Vec<BatchOutput>> = own.iter().map(|_| Vec::with_capacity(all.len())).collect();
    for outputs in all {
        batches.iter_mut().zip(outputs).for_each(|(batch, output)| batch.push(output.into()));
    }
    Ok(batches)
}

/// A [`BatchOutput`] as it is sent. Floats are sent by their bits, because JSON has neither NaN nor infinity.
#[derive(Debug, Serialize, Deserialize)]
struct SentOutput {
    terms: Vec<SentMean>,
    metrics: Vec<(String, SentSummary)>,
    tokens: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    row_values: Vec<(String, Vec<u64>)>,
}

#[derive(Debug, Serialize, Deserialize)]
enum SentSummary {
    Mean(SentMean),
    Min(u64),
    Max(u64),
}

/// The value, the unit and the count of a mean.
#[derive(Debug, Serialize, Deserialize)]
struct SentMean(u64, Over, u64);

impl SentOutput {
    fn of(output: &BatchOutput) -> Self {
        let summary = |summary: Summary| match summary {
            Summary::Mean(mean) => SentSummary::Mean(mean.into()),
            Summary::Min(value) => SentSummary::Min(value.to_bits()),
            Summary::Max(value) => SentSummary::Max(value.to_bits()),
        };
        Self {
            terms: output.loss_terms.iter().copied().map(SentMean::from).collect(),
            metrics: output.metrics.summaries().map(|(name, value)| (name.to_owned(), summary(value))).collect(),
            tokens: output.tokens,
            row_values: output
                .metrics
                .row_values()
                .iter()
                .map(|(name, values)| (name.to_string(), bits(values)))
                .collect(),
        }
    }
}

impl From<SentOutput> for BatchOutput {
    fn from(sent: SentOutput) -> Self {
        let summary = |summary: SentSummary| match summary {
            SentSummary::Mean(mean) => Summary::Mean(mean.into()),
            SentSummary::Min(value) => Summary::Min(f64::from_bits(value)),
            SentSummary::Max(value) => Summary::Max(f64::from_bits(value)),
        };
        let mut metrics: BatchMetrics =
            sent.metrics.into_iter().map(|(name, value)| (name.into(), summary(value))).collect();
        for (name, bits) in sent.row_values {
            metrics.row_values_mut().insert(name.into(), bits.into_iter().map(f64::from_bits).collect());
        }
        Self { loss_terms: sent.terms.into_iter().map(Mean::from).collect(), metrics, tokens: sent.tokens }
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().copied().map(f64::to_bits).collect()
}

impl From<Mean> for SentMean {
    fn from(mean: Mean) -> Self {
        Self(mean.value.to_bits(), mean.over, mean.count.to_bits())
    }
}

impl From<SentMean> for Mean {
    fn from(SentMean(value, over, count): SentMean) -> Self {
        Self { value: f64::from_bits(value), over, count: f64::from_bits(count) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn output(pairs: usize, loss: f64, reward: f64) -> BatchOutput {
        let mut metrics = BatchMetrics::default();
        metrics.set("rewards/chosen", Mean::over_pairs(reward, pairs));
        metrics.set_min("min_reward", &[reward]);
        metrics.set_max("max_reward", &[reward]);
        metrics.set_row_values("rewards/chosen", vec![reward; pairs]);
        BatchOutput { loss_terms: vec![Mean::over_pairs(loss, pairs)], metrics, tokens: 10 * pairs as u64 }
    }

    #[test]
    fn outputs_are_the_same_after_they_were_sent() {
        for sent in [output(3, 0.1 + 0.2, -1.5), output(1, f64::INFINITY, 0.0), BatchOutput::default()] {
            let json = serde_json::to_string(&SentOutput::of(&sent)).unwrap();
            assert_eq!(BatchOutput::from(serde_json::from_str::<SentOutput>(&json).unwrap()), sent);
        }
        let json = serde_json::to_string(&SentOutput::of(&output(1, f64::NAN, 0.0))).unwrap();
        assert!(BatchOutput::from(serde_json::from_str::<SentOutput>(&json).unwrap()).loss().is_nan());
    }

    #[test]
    fn processes_are_weighted_by_their_rows() {
        let combined =
            CombinedOutput::of(&[output(3, 1.0, 2.0), output(1, 5.0, -2.0), BatchOutput::default()]).unwrap();
        assert_eq!((combined.loss, combined.tokens), (2.0, 40));
        assert_eq!(combined.row_values["rewards/chosen"], [2.0, 2.0, 2.0, -2.0]);
        let metrics: Vec<(&str, f64)> = combined.metrics.iter().collect();
        assert_eq!(metrics, [("max_reward", 2.0), ("min_reward", -2.0), ("rewards/chosen", 1.0)]);
    }
}
