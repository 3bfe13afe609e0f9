//! From token values to sequence values and back.

use crate::Result;
use align_data::CompletionBatch;
use tch::{Kind, Tensor};

/// Where a batch's predicted tokens stand, which takes values of tokens to values of rows and back.
///
/// ```
/// use {align_train::objective::SequenceTokens, tch::Tensor};
/// let ids = Tensor::from_slice2(&[[5i64, 6, 7], [5, 8, 0]]);
/// let completions = Tensor::from_slice2(&[[0i64, 1, 1], [0, 1, 0]]);
/// let tokens = SequenceTokens::of_mask(&ids, &completions)?;
/// assert_eq!(tokens.targets, Tensor::from_slice(&[6i64, 7, 8]));
/// let logps = tokens.logps(&Tensor::from_slice(&[-1.0f32, -2.0, -4.0]))?;
/// assert_eq!(logps, Tensor::from_slice(&[-3.0f32, -4.0]));
/// # Ok::<(), align_train::Error>(())
/// ```
#[derive(Debug)]
pub struct SequenceTokens {
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
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn of(batch: &CompletionBatch) -> Result<Self> {
        Self::of_mask(&batch.input_ids, &batch.completion_mask)
    }

    /// The tokens where `mask` `(rows, seq)` is not 0.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
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
    pub(crate) fn predicted_from(self, places: &Tensor) -> Result<Self> {
        let predictors = places.f_reshape([-1])?.f_index_select(0, &self.predictors)?;
        Ok(Self { predictors, ..self })
    }

    /// The same with weights `(n)` of the tokens in their sequences.
    #[must_use]
    pub fn with_weights(self, weights: Tensor) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Each token's place among its row's, from 0: `(n)`, float32.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub(crate) fn places(&self) -> Result<Tensor> {
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

    /// What `mask` `(rows, seq)` holds at each token, `(n)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub(crate) fn of_each(&self, mask: &Tensor) -> Result<Tensor> {
        Ok(mask.f_reshape([-1])?.f_index_select(0, &self.predictors.f_add_scalar(1)?)?)
    }

    /// The hidden states that predict the tokens: `(rows, seq, n_embd)` to `(n, n_embd)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn select(&self, hidden: &Tensor) -> Result<Tensor> {
        let width = hidden.size3()?.2;
        Ok(hidden.f_reshape([-1, width])?.f_index_select(0, &self.predictors)?)
    }

    /// Sums of token values by row, `(n)` to `(rows)`.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn sums(&self, tokens: &Tensor) -> Result<Tensor> {
        Ok(Tensor::f_zeros(self.counts.size(), (tokens.kind(), tokens.device()))?.f_index_add(0, &self.rows, tokens)?)
    }

    /// Each row's log-probability, `(rows)`: the weighted sum of its tokens'.
    ///
    /// # Errors
    /// Shapes or devices that do not fit.
    pub fn logps(&self, token_logps: &Tensor) -> Result<Tensor> {
        match &self.weights {
            None => self.sums(token_logps),
            Some(weights) => self.sums(&token_logps.f_mul(weights)?),
        }
    }
}
