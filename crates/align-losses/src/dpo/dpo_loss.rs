use super::DpoOptions;
use crate::{Error, Mean, Pair, PairLogps, PairLoss, Result, SoftLabels};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// A loss of the DPO family, selected by a [`LossType`](crate::LossType), a divergence and options.
///
/// ```
/// use {align_losses::{DpoLoss, DpoOptions, LossType, Pair, PairLogps, PairLoss}, tch::Tensor};
/// let hinge = DpoLoss::new(DpoOptions { loss_type: LossType::Hinge, ..DpoOptions::default() })?;
/// let at = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let logps = PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -14.0))?;
/// let (loss, gradient) = hinge.evaluate_with_gradient(&logps)?;
/// assert!((loss.losses.double_value(&[0]) - 0.8).abs() < 1e-6); // 1 - 0.1 (1 - -1)
/// assert!((gradient.chosen.double_value(&[0]) + 0.1).abs() < 1e-6);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// Losses are finite for all finite log-ratios, unless the formula itself exceeds the range of the dtype (a squared loss of `1e20`, a sigmoid
/// loss of `β · 1e39`). Infinite or NaN log-probabilities give NaN.
///
/// Serialised as its options, which are checked like in [`DpoLoss::new`] when they are read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "DpoOptions", into = "DpoOptions")]
pub struct DpoLoss(DpoOptions);

impl DpoLoss {
    /// A loss with these options.
    ///
    /// # Errors
    /// An option outside its range, or one that `loss_type` would ignore.
    pub fn new(options: DpoOptions) -> Result<Self> {
        options.validate()?;
        (options.loss_type.builtin().build)(&options)?;
        Ok(Self(options))
    }

    /// The options of the loss.
    pub fn options(&self) -> &DpoOptions {
        &self.0
    }

    fn build(&self) -> Result<Box<dyn PairLoss>> {
        let loss = (self.0.loss_type.builtin().build)(&self.0)?;
        Ok(if self.0.soft_labels { Box::new(SoftLabels::new(loss)?) } else { loss })
    }

    /// The loss for a batch. An error if the pairs have weights and the loss depends on the whole batch.
    fn build_for(&self, logps: &PairLogps) -> Result<Box<dyn PairLoss>> {
        if logps.weights().is_some() && self.couples_batch() {
            return Err(Error::PairWeightsNotSupported(self.0.loss_type));
        }
        self.build()
    }
}

impl PairLoss for DpoLoss {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        self.build_for(logps)?.losses(logps)
    }

    fn beta(&self) -> f64 {
        self.0.beta
    }

    fn couples_batch(&self) -> bool {
        self.0.loss_type.info().couples_batch
    }

    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        self.build_for(logps)?.loss_terms(logps)
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        self.couples_batch() && self.build().is_ok_and(|loss| loss.mean_depends_on_batch_size())
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        self.build_for(logps)?.losses_and_gradients(logps, scale)
    }
}

impl TryFrom<DpoOptions> for DpoLoss {
    type Error = Error;

    fn try_from(options: DpoOptions) -> Result<Self> {
        Self::new(options)
    }
}

impl From<DpoLoss> for DpoOptions {
    fn from(loss: DpoLoss) -> Self {
        loss.0
    }
}
