//! Losses of single completions that were liked or not. A loss is a file, as in [`dpo`](crate::LossType).

mod apo_zero_unpaired;
mod bco;
#[expect(clippy::module_inception, reason = "a loss's file has the loss's name")]
mod kto;

use crate::{LossInfo, Result, loss_info::loss_types};
use tch::Tensor;

/// A loss of the family.
struct Formula {
    info: LossInfo,
    reference_point: ReferencePoint,
    /// The loss of each log-ratio `(batch,)` by whether it is desirable `(batch,)` and the reference point, one number.
    losses: fn(&Tensor, &Tensor, &Tensor, &KtoOptions) -> Result<Tensor>,
}

/// The number that a [`KtoLossType`] compares rewards or log-ratios with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferencePoint {
    /// None: with 0.
    Zero,
    /// [`kto_kl`](crate::kto_kl) of the batch's prompts with the completions of other rows.
    MismatchedKl,
    /// The mean of all rewards so far, [`BcoShift`](crate::BcoShift).
    MeanReward,
}

loss_types! {
    /// The loss on single completions that were liked or not, under TRL's names.
    pub enum KtoLossType: Formula {
        /// [`kto`](crate::kto()). Its reference point is a mean over a micro-batch, which needs two rows at least.
        #[default]
        Kto = kto,
        /// [`apo_zero_unpaired`](crate::apo_zero_unpaired).
        ApoZeroUnpaired = apo_zero_unpaired,
        /// [`bco`](crate::bco).
        Bco = bco,
    }
}

impl KtoLossType {
    /// What it compares with.
    #[must_use]
    pub fn reference_point(self) -> ReferencePoint {
        self.formula().reference_point
    }

    /// The loss of each completion, `(batch,)`.
    ///
    /// * `log_ratio`: `log π - log π_ref`, `(batch,)`; differentiable.
    /// * `desirable`: `(batch,)`, bool.
    /// * `reference_point`: one number, as [`KtoLossType::reference_point`] says; 0 for none.
    ///
    /// # Errors
    /// Log-ratios that are not floating-point, shapes, dtypes or devices that do not fit, or options outside their range.
    pub fn losses(
        self,
        log_ratio: &Tensor,
        desirable: &Tensor,
        reference_point: &Tensor,
        options: &KtoOptions,
    ) -> Result<Tensor> {
        (self.formula().losses)(log_ratio, desirable, reference_point, options)
    }
}
