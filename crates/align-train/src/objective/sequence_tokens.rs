//! The mapping between values of tokens and values of sequences.

use crate::Result;
use align_data::CompletionBatch;
use tch::{Kind, Tensor};

/// The predicted tokens of a batch: which hidden states predict them, and which rows they belong to.
///
/// ```
/// use {align_train::objective::SequenceTokens, tch::Tensor};
/// let ids = Tensor::from_slice2(&[[5i64, 6, 7], [5, 8, 0]]);
/// let completions = Tensor::from_slice2(&[[0i64, 1, 1], [0, 1, 0]]);
/// let tokens = SequenceTokens::from_mask(&ids, &completions)?;
/// assert_eq!(tokens.targets, Tensor::from_slice(&[6i64, 7, 8]));
/// let logps = tokens.sequence_logps(&Tensor::from_slice(&[-1.0f32, -2.0, -4.0]))?;
/// assert_eq!(logps, Tensor::from_slice(&[-3.0f32, -4.0]));
/// # Ok::<(), align_train::Error>(())
/// ```
#[derive(Debug)]
pub struct SequenceTokens {
    /// The positions of the hidden states that predict the tokens, `(n)`: in the flattened batch `(rows · seq)`, or those that
    /// [`SequenceTokens::predicted_from`] has set.
    predictors: Tensor,
    /// The ids of the predicted tokens, `(n)`.
    pub targets: Tensor,
    /// The row of each predicted token, `(n)`, in ascending order.
    pub rows: Tensor,
    /// The number of predicted tokens per row, `(rows)`, float32.
    pub counts: Tensor,
    /// The weight of each token in the log-probability of its row, `(n)`; `None` for a weight of 1.
    weights: Option<Tensor>,
}

impl SequenceTokens {
    /// The tokens of the completions.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn from_batch(batch: &CompletionBatch) -> Result<Self> {
        Self::from_mask(&batch.input_ids, &batch.completion_mask)
    }

    /// The tokens at which `mask` `(rows, seq)` is not 0.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn from_mask(input_ids: &Tensor, mask: &Tensor) -> Result<Self> {
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

    /// Replaces the positions of the hidden states. `positions` `(rows, seq)` has the new position of each token of the batch.
    pub(crate) fn predicted_from(self, positions: &Tensor) -> Result<Self> {
        let predictors = positions.f_reshape([-1])?.f_index_select(0, &self.predictors)?;
        Ok(Self { predictors, ..self })
    }

    /// Sets the weights `(n)` of the tokens in [`SequenceTokens::sequence_logps`].
    #[must_use]
    pub fn with_weights(self, weights: Tensor) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// The position of each token among the predicted tokens of its row, from 0: `(n)`, float32.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub(crate) fn positions_in_row(&self) -> Result<Tensor> {
        let before = self.counts.f_cumsum(0, Kind::Float)?.f_sub(&self.counts)?;
        let all = Tensor::f_arange(self.rows.size1()?, (Kind::Float, self.rows.device()))?;
        Ok(all.f_sub(&before.f_index_select(0, &self.rows)?)?)
    }

    /// Whether each token belongs to the first half of the rows, `(n)`, bool.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub(crate) fn in_first_half(&self) -> Result<Tensor> {
        Ok(self.rows.f_lt(self.counts.size1()? / 2)?)
    }

    /// The values of `x` `(rows, seq)` at the predicted tokens, `(n)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub(crate) fn gather(&self, x: &Tensor) -> Result<Tensor> {
        Ok(x.f_reshape([-1])?.f_index_select(0, &self.predictors.f_add_scalar(1)?)?)
    }

    /// The hidden states that predict the tokens: `(rows, seq, hidden_size)` to `(n, hidden_size)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn select_hidden(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.size3()?.2;
        Ok(hidden.f_reshape([-1, width])?.f_index_select(0, &self.predictors)?)
    }

    /// Sums token values by row, `(n)` to `(rows)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn sum_by_row(&self, values: &Tensor) -> Result<Tensor> {
        Ok(Tensor::f_zeros(self.counts.size(), (values.kind(), values.device()))?.f_index_add(0, &self.rows, values)?)
    }

    /// The log-probability of each row's sequence, `(rows)`: the weighted sum of its tokens' log-probabilities.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn sequence_logps(&self, token_logps: &Tensor) -> Result<Tensor> {
        match &self.weights {
            None => self.sum_by_row(token_logps),
            Some(weights) => self.sum_by_row(&token_logps.f_mul(weights)?),
        }
    }
}
