//! Statistics of the rows of a batch, for metrics.

use super::SequenceTokens;
use crate::Result;
use align_losses::{Mean, Over, Pair, TokenStatistics};
use tch::{Device, Kind, Tensor};

/// The metrics of which trackers show histograms over the rows.
pub(crate) const HISTOGRAMS: [&str; 5] =
    ["rewards/chosen", "rewards/rejected", "rewards/margins", "log_ratios/chosen", "log_ratios/rejected"];

/// Splits a tensor `(2 · pairs)` into its chosen and rejected halves.
pub(crate) fn chosen_and_rejected(both: &Tensor) -> Result<Pair<Tensor>> {
    let pairs = both.size1()? / 2;
    Ok(Pair { chosen: both.f_narrow(0, 0, pairs)?, rejected: both.f_narrow(0, pairs, pairs)? })
}

/// The values of a vector, on the CPU.
pub(crate) fn to_f64s(x: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(x.f_detach()?.f_to_kind(Kind::Double)?.f_to_device(Device::Cpu)?)?)
}

/// Sums of [`TokenStatistics`] over each row's tokens.
#[derive(Debug)]
pub(crate) struct RowStatistics {
    counts: Vec<f64>,
    entropy: Vec<f64>,
    correct: Vec<f64>,
    mean_logit: Vec<f64>,
}

impl RowStatistics {
    pub fn new(tokens: &SequenceTokens, statistics: &TokenStatistics) -> Result<Self> {
        let sums = |x: &Tensor| to_f64s(&tokens.sum_by_row(x)?);
        Ok(Self {
            counts: to_f64s(&tokens.counts)?,
            entropy: sums(&statistics.entropy)?,
            correct: sums(&statistics.correct)?,
            mean_logit: sums(&statistics.mean_logit)?,
        })
    }

    /// The statistics of the first and of the second half of the rows.
    pub fn halves(mut self) -> (Self, Self) {
        let half = self.counts.len() / 2;
        let second = |all: &mut Vec<f64>| all.split_off(half);
        let second = Self {
            counts: second(&mut self.counts),
            entropy: second(&mut self.entropy),
            correct: second(&mut self.correct),
            mean_logit: second(&mut self.mean_logit),
        };
        (self, second)
    }

    /// Concatenates the statistics of several batches; `None` if there are none.
    pub fn concat(parts: Vec<Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut all, part| {
            all.counts.extend(part.counts);
            all.entropy.extend(part.entropy);
            all.correct.extend(part.correct);
            all.mean_logit.extend(part.mean_logit);
            all
        })
    }

    /// The mean entropy of the tokens in the selected rows; `None` without tokens.
    pub fn entropy(&self, selected: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.entropy, selected)
    }

    /// The fraction of tokens in the selected rows that are the most probable token.
    pub fn accuracy(&self, selected: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.correct, selected)
    }

    /// The mean logit at the tokens in the selected rows.
    pub fn mean_logit(&self, selected: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.mean_logit, selected)
    }

    fn mean(&self, sums: &[f64], selected: impl Fn(usize) -> bool) -> Option<Mean> {
        let (mut sum, mut count) = (0.0, 0.0);
        for (row, (value, tokens)) in sums.iter().zip(&self.counts).enumerate() {
            if selected(row) {
                sum += value;
                count += tokens;
            }
        }
        (count > 0.0).then(|| Mean::over_tokens(sum / count, count))
    }
}

/// The mean of the values of the selected rows or pairs; `None` if no row is selected.
pub(crate) fn mean_of(values: &[f64], over: Over, selected: impl Fn(usize) -> bool) -> Option<Mean> {
    let values: Vec<f64> = values.iter().enumerate().filter(|(row, _)| selected(*row)).map(|(_, v)| *v).collect();
    let count = values.len() as f64;
    (count > 0.0).then(|| Mean { value: values.iter().sum::<f64>() / count, over, count })
}

/// The mean over all pairs.
pub(crate) fn mean_over_pairs(values: &[f64]) -> Option<Mean> {
    mean_of(values, Over::Pairs, |_| true)
}
