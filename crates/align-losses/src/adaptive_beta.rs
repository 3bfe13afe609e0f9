use crate::{Result, check};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// β-DPO's `beta`, which adapts to each batch: `β = β₀ (1 + α (mean M - M₀))` with margins `M = h_chosen - h_rejected` and their running
/// mean `M₀`, which is updated with the batch first (arXiv:2407.08639; margins and order as in its authors' code).
///
/// Batches with above-average margins, which are easy or wrongly labelled, get a larger `beta` and so change the policy less. The result
/// works with any loss: `sigmoid(&margin, beta)` is β-DPO without the paper's filtering of single pairs.
///
/// * `beta`: β₀, the value for a batch with average margins.
/// * `alpha`: the sensitivity, 0.6 in the authors' example. With 0, `beta` is always β₀.
/// * `momentum`: the momentum of the running mean, 0.9 in the authors' code.
///
/// Serialised with its running mean, for checkpoints.
///
/// ```
/// use {align_losses::{sigmoid, AdaptiveBeta}, tch::Tensor};
/// let mut adaptive = AdaptiveBeta::new(0.1, 0.6, 0.9)?;
/// let margin = Tensor::from_slice(&[10.0f64, 30.0]);
/// let beta = adaptive.next(&margin)?; // the mean margin is 20, the running mean is now 2
/// assert!((beta - 0.1 * (1.0 + 0.6 * 18.0)).abs() < 1e-12);
/// let losses = sigmoid(&margin, beta)?;
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "State", into = "State")]
pub struct AdaptiveBeta(State);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    beta: f64,
    alpha: f64,
    momentum: f64,
    #[serde(rename = "usual_margin")]
    mean_margin: f64,
}

/// The minimum of `beta` as a fraction of β₀. Without it, the formula could make `beta` negative.
const MIN_FRACTION: f64 = 1e-2;

impl AdaptiveBeta {
    /// An adaptive `beta` before its first batch.
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0, an `alpha` that is not a finite number of at least 0, or a `momentum`
    /// outside `[0, 1)`.
    pub fn new(beta: f64, alpha: f64, momentum: f64) -> Result<Self> {
        Self::try_from(State { beta, alpha, momentum, mean_margin: 0.0 })
    }

    /// Updates the running mean and returns the batch's `beta`, at least β₀ / 100.
    ///
    /// * `margin`: `h_chosen - h_rejected`, `(batch,)`, at least one.
    ///
    /// # Errors
    /// Margins that are not floating-point, that are empty, or whose mean is not finite.
    pub fn next(&mut self, margin: &Tensor) -> Result<f64> {
        check::float("margin", margin)?;
        let State { beta, alpha, momentum, mean_margin } = self.0;
        let mean = margin.f_detach()?.f_mean(Kind::Double)?.f_double_value(&[])?;
        if !mean.is_finite() {
            let expected = "margins with a finite mean, at least one";
            return Err(crate::Error::Hyperparameter { name: "margin", expected, found: mean });
        }
        let mean_margin = momentum * mean_margin + (1.0 - momentum) * mean;
        self.0.mean_margin = mean_margin;
        Ok(beta * (1.0 + alpha * (mean - mean_margin)).max(MIN_FRACTION))
    }

    /// The running mean of margins, M₀.
    pub fn mean_margin(&self) -> f64 {
        self.0.mean_margin
    }
}

impl TryFrom<State> for AdaptiveBeta {
    type Error = crate::Error;

    fn try_from(state: State) -> Result<Self> {
        check::beta(state.beta)?;
        check::at_least_zero("alpha", state.alpha)?;
        let invalid = |name, expected, found| Err(crate::Error::Hyperparameter { name, expected, found });
        if !(0.0..1.0).contains(&state.momentum) {
            return invalid("momentum", "at least 0 and below 1", state.momentum);
        }
        if !state.mean_margin.is_finite() {
            return invalid("usual_margin", "a finite number", state.mean_margin);
        }
        Ok(Self(state))
    }
}

impl From<AdaptiveBeta> for State {
    fn from(adaptive: AdaptiveBeta) -> Self {
        adaptive.0
    }
}
