//! Losses on unpaired completions with labels, desirable or undesirable. Each loss is a file, as in [`dpo`](crate::LossType).

mod apo_zero_unpaired;
mod bco;
#[expect(clippy::module_inception, reason = "a loss's file has the loss's name")]
mod kto;

use crate::{LossInfo, Result, loss_info::loss_types};
use tch::Tensor;

/// A loss of the family.
struct BuiltinLoss {
    info: LossInfo,
    reference_point: ReferencePoint,
    /// The losses of log-ratios `(batch,)` with labels `(batch,)` and a reference point, one number.
    losses: fn(&Tensor, &Tensor, &Tensor, &KtoOptions) -> Result<Tensor>,
}

/// The value with which a [`KtoLossType`] compares rewards or log-ratios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferencePoint {
    /// Zero: no reference point.
    Zero,
    /// [`kto_kl`](crate::kto_kl) of prompts combined with the completions of other rows.
    MismatchedKl,
    /// The running mean of rewards, [`BcoShift`](crate::BcoShift).
    MeanReward,
}

loss_types! {
    /// The loss on unpaired completions, under TRL's names.
    pub enum KtoLossType: BuiltinLoss {
        /// [`kto`](crate::kto()). Its reference point is a mean over a batch, which needs at least two rows.
        #[default]
        Kto = kto,
        /// [`apo_zero_unpaired`](crate::apo_zero_unpaired).
        ApoZeroUnpaired = apo_zero_unpaired,
        /// [`bco`](crate::bco).
        Bco = bco,
    }
}

impl KtoLossType {
    /// The reference point of the loss.
    #[must_use]
    pub fn reference_point(self) -> ReferencePoint {
        self.builtin().reference_point
    }

    /// The loss of each completion, `(batch,)`.
    ///
    /// * `log_ratio`: `log π - log π_ref`, `(batch,)`; differentiable.
    /// * `desirable`: `(batch,)`, bool.
    /// * `reference_point`: one number, of the kind that [`KtoLossType::reference_point`] returns.
    ///
    /// # Errors
    /// Log-ratios that are not floating-point, shapes, dtypes or devices that do not match, or options outside their range.
    pub fn losses(
        self,
        log_ratio: &Tensor,
        desirable: &Tensor,
        reference_point: &Tensor,
        options: &KtoOptions,
    ) -> Result<Tensor> {
        (self.builtin().losses)(log_ratio, desirable, reference_point, options)
    }
}
