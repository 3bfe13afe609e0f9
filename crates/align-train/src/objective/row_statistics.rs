//! What a batch's rows say in numbers.

use super::SequenceTokens;
use crate::Result;
use align_losses::{Mean, Over, Pair, TokenStatistics};
use tch::{Device, Kind, Tensor};

/// A tensor `(2 · pairs)` as its chosen and rejected halves.
pub(crate) fn halves(both: &Tensor) -> Result<Pair<Tensor>> {
    let pairs = both.size1()? / 2;
    Ok(Pair { chosen: both.f_narrow(0, 0, pairs)?, rejected: both.f_narrow(0, pairs, pairs)? })
}

/// A vector's numbers.
pub(crate) fn numbers(x: &Tensor) -> Result<Vec<f64>> {
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
        let sums = |x: &Tensor| numbers(&tokens.sums(x)?);
        Ok(Self {
            counts: numbers(&tokens.counts)?,
            entropy: sums(&statistics.entropy)?,
            correct: sums(&statistics.correct)?,
            mean_logit: sums(&statistics.mean_logit)?,
        })
    }

    /// Those of the first and of the second half of the rows.
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

    /// Those of all rows of several; none of none.
    pub fn joined(parts: Vec<Self>) -> Option<Self> {
        parts.into_iter().reduce(|mut all, part| {
            all.counts.extend(part.counts);
            all.entropy.extend(part.entropy);
            all.correct.extend(part.correct);
            all.mean_logit.extend(part.mean_logit);
            all
        })
    }

    /// The mean entropy of the tokens of some rows; none without tokens.
    pub fn entropy(&self, of: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.entropy, of)
    }

    /// The share of some rows' tokens that are the likeliest.
    pub fn accuracy(&self, of: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.correct, of)
    }

    /// The mean logit at some rows' tokens.
    pub fn mean_logit(&self, of: impl Fn(usize) -> bool) -> Option<Mean> {
        self.mean(&self.mean_logit, of)
    }

    fn mean(&self, sums: &[f64], of: impl Fn(usize) -> bool) -> Option<Mean> {
        let (mut sum, mut count) = (0.0, 0.0);
        for (row, (value, tokens)) in sums.iter().zip(&self.counts).enumerate() {
            if of(row) {
                sum += value;
                count += tokens;
            }
        }
        (count > 0.0).then(|| Mean::over_tokens(sum / count, count))
    }
}

/// The mean over the rows or pairs that the numbers belong to, or some of them; none of none.
pub(crate) fn mean_of(values: &[f64], over: Over, of: impl Fn(usize) -> bool) -> Option<Mean> {
    let picked: Vec<f64> = values.iter().enumerate().filter(|(row, _)| of(*row)).map(|(_, value)| *value).collect();
    let count = picked.len() as f64;
    (count > 0.0).then(|| Mean { value: picked.iter().sum::<f64>() / count, over, count })
}

/// The mean over pairs.
pub(crate) fn mean_over_pairs(values: &[f64]) -> Option<Mean> {
    mean_of(values, Over::Pairs, |_| true)
}
