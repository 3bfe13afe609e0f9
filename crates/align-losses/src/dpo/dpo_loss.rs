use super::DpoOptions;
use crate::{Error, Mean, Pair, PairLogps, PairLoss, Result};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// A loss of the DPO family by its name: a [`LossType`](crate::LossType), a divergence and their options.
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
/// Losses are finite for all finite log-ratios but where the formula itself leaves the dtype's range (a squared loss of
/// `1e20`, a sigmoid loss of `β · 1e39`); infinite or NaN log-probabilities give NaN.
///
/// Serialised it is its options; reading them back checks them as [`DpoLoss::new`] does.
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
        (options.loss_type.formula().build)(&options)?;
        Ok(Self(options))
    }

    /// Its options.
    pub fn options(&self) -> &DpoOptions {
        &self.0
    }

    fn built(&self) -> Result<Box<dyn PairLoss>> {
        (self.0.loss_type.formula().build)(&self.0)
    }

    /// The loss for a batch, whose pairs cannot be weighted where no loss belongs to a pair.
    fn built_for(&self, logps: &PairLogps) -> Result<Box<dyn PairLoss>> {
        if logps.weights().is_some() && self.couples_batch() {
            return Err(Error::WeightsOfABatch(self.0.loss_type));
        }
        self.built()
    }
}

impl PairLoss for DpoLoss {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        self.built_for(logps)?.losses(logps)
    }

    fn beta(&self) -> f64 {
        self.0.beta
    }

    fn couples_batch(&self) -> bool {
        self.0.loss_type.info().couples_batch
    }

    fn means(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        self.built_for(logps)?.means(logps)
    }

    fn mean_depends_on_batches(&self) -> bool {
        self.couples_batch() && self.built().is_ok_and(|loss| loss.mean_depends_on_batches())
    }

    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        self.built_for(logps)?.losses_and_slopes(logps, scale)
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
