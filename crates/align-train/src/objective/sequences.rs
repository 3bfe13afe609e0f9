//! From token values to sequence values and back.

use crate::Result;
use align_data::CompletionBatch;
use align_losses::{Mean, Over, Pair, TokenStatistics};
use tch::{Device, Kind, Tensor};

/// Where a batch's predicted tokens stand.
#[derive(Debug)]
pub(crate) struct SequenceTokens {
    /// Positions, in `(rows · seq)` or where [`SequenceTokens::predicted_from`] finds these, of the hidden states that predict them: `(n)`.
    predictors: Tensor,
    /// Their ids, `(n)`.
    pub targets: Tensor,
    /// The row of each, `(n)`, in ascending order.
    pub rows: Tensor,
    /// Predicted tokens a row, `(rows)`, float32.
    pub counts: Tensor,
    /// What each counts for in its row's log-probability, `(n)`; one if there are none.
    weights: Option<Tensor>,
}

impl SequenceTokens {
    /// The completions' tokens.
    pub fn of(batch: &CompletionBatch) -> Result<Self> {
        Self::of_mask(&batch.input_ids, &batch.completion_mask)
    }

    /// The tokens where `mask` `(rows, seq)` is not 0.
    pub fn of_mask(input_ids: &Tensor, mask: &Tensor) -> Result<Self> {
        let (_, seq) = mask.size2()?;
        // Position t predicts token t + 1.
        let shifted = mask.f_narrow(1, 1, seq - 1)?;
        let at = shifted.f_nonzero()?;
        let (rows, column) = (at.f_select(1, 0)?, at.f_select(1, 1)?);
        let predictors = rows.f_mul_scalar(seq)?.f_add(&column)?;
        let targets = input_ids.f_reshape([-1])?.f_index_select(0, &predictors.f_add_scalar(1)?)?;
        let counts = shifted.f_sum_dim_intlist([1i64].as_slice(), false, Kind::Float)?;
        Ok(Self { predictors, targets, rows, counts, weights: None })
    }

    /// The same with the predicting states where `places` `(rows, seq)` finds those of the rows' positions.
    pub fn predicted_from(self, places: &Tensor) -> Result<Self> {
        let predictors = places.f_reshape([-1])?.f_index_select(0, &self.predictors)?;
        Ok(Self { predictors, ..self })
    }

    /// The same with weights `(n)` of the tokens in their sequences.
    pub fn with_weights(self, weights: Tensor) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Each token's place among its row's, from 0: `(n)`, float32.
    pub fn places(&self) -> Result<Tensor> {
        let before = self.counts.f_cumsum(0, Kind::Float)?.f_sub(&self.counts)?;
        let all = Tensor::f_arange(self.rows.size1()?, (Kind::Float, self.rows.device()))?;
        Ok(all.f_sub(&before.f_index_select(0, &self.rows)?)?)
    }

    /// Whether each token belongs to the first half of the rows, `(n)`, bool.
    pub fn in_first_half(&self) -> Result<Tensor> {
        Ok(self.rows.f_lt(self.counts.size1()? / 2)?)
    }

    /// What `mask` `(rows, seq)` holds at each token, `(n)`.
    pub fn of_each(&self, mask: &Tensor) -> Result<Tensor> {
        Ok(mask.f_reshape([-1])?.f_index_select(0, &self.predictors.f_add_scalar(1)?)?)
    }

    /// The hidden states that predict the tokens: `(rows, seq, n_embd)` to `(n, n_embd)`.
    pub fn select(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.size3()?.2;
        Ok(hidden.f_reshape([-1, width])?.f_index_select(0, &self.predictors)?)
    }

    /// Sums of token values by row, `(n)` to `(rows)`.
    pub fn sums(&self, tokens: &Tensor) -> Result<Tensor> {
        Ok(Tensor::f_zeros(self.counts.size(), (tokens.kind(), tokens.device()))?.f_index_add(0, &self.rows, tokens)?)
    }

    /// Each row's log-probability, `(rows)`: the weighted sum of its tokens'.
    pub fn logps(&self, token_logps: &Tensor) -> Result<Tensor> {
        match &self.weights {
            None => self.sums(token_logps),
            Some(weights) => self.sums(&token_logps.f_mul(weights)?),
        }
    }

    /// The derivative by each token's log-probability, `(n)`, from that by each row's.
    pub fn by_token(&self, by_row: &Tensor) -> Result<Tensor> {
        let by_token = by_row.f_index_select(0, &self.rows)?;
        Ok(match &self.weights {
            None => by_token,
            Some(weights) => by_token.f_mul(weights)?,
        })
    }
}

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
