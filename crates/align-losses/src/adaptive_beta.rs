use crate::{Result, check};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

/// β-DPO's strength of the pull towards the reference, set for each batch: `β = β₀ (1 + α (mean M - M₀))` with margins
/// `M = h_chosen - h_rejected` and their running mean `M₀`, which takes the batch in first (arXiv:2407.08639, margins and order
/// as in its authors' code).
///
/// Batches that the policy tells apart better than usual, which are easy or wrongly labelled, get a larger `beta` and so change
/// it less. Its result is for any loss: `sigmoid(&margin, beta)` is β-DPO, without the paper's filter of single pairs.
///
/// * `beta`: β₀, what a usual batch gets.
/// * `alpha`: how strongly it answers, such as the 0.6 of the authors' example; at 0 `beta` stays β₀.
/// * `momentum`: what the running mean keeps of itself, 0.9 in the authors' code.
///
/// It serialises with its running mean, for checkpoints.
///
/// ```
/// use {align_losses::{sigmoid, AdaptiveBeta}, tch::Tensor};
/// let mut adaptive = AdaptiveBeta::new(0.1, 0.6, 0.9)?;
/// let margin = Tensor::from_slice(&[10.0f64, 30.0]);
/// let beta = adaptive.next(&margin)?; // a mean margin of 20, where 2 is usual now
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
    usual_margin: f64,
}

/// What `beta` never falls below, as a share of β₀: the formula alone may turn it negative.
const LEAST_SHARE: f64 = 1e-2;

impl AdaptiveBeta {
    /// A `beta` that adapts, before its first batch.
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0, an `alpha` that is not a finite number of at least 0, or a `momentum`
    /// outside `[0, 1)`.
    pub fn new(beta: f64, alpha: f64, momentum: f64) -> Result<Self> {
        Self::try_from(State { beta, alpha, momentum, usual_margin: 0.0 })
    }

    /// The batch's `beta`, at least a hundredth of β₀, once the running mean has taken the batch in.
    ///
    /// * `margin`: `h_chosen - h_rejected`, `(batch,)`, at least one.
    ///
    /// # Errors
    /// Margins that are not floating-point, are none at all, or whose mean is not finite.
    pub fn next(&mut self, margin: &Tensor) -> Result<f64> {
        check::float("margin", margin)?;
        let State { beta, alpha, momentum, usual_margin } = self.0;
        let mean = margin.f_detach()?.f_mean(Kind::Double)?.f_double_value(&[])?;
        if !mean.is_finite() {
            let expected = "margins with a finite mean, at least one";
            return Err(crate::Error::Hyperparameter { name: "margin", expected, found: mean });
        }
        let usual_margin = momentum * usual_margin + (1.0 - momentum) * mean;
        self.0.usual_margin = usual_margin;
        Ok(beta * (1.0 + alpha * (mean - usual_margin)).max(LEAST_SHARE))
    }

    /// The running mean of margins, M₀.
    pub fn usual_margin(&self) -> f64 {
        self.0.usual_margin
    }
}

impl TryFrom<State> for AdaptiveBeta {
    type Error = crate::Error;

    fn try_from(state: State) -> Result<Self> {
        check::beta(state.beta)?;
        check::at_least_zero("alpha", state.alpha)?;
        let refused = |name, expected, found| Err(crate::Error::Hyperparameter { name, expected, found });
        if !(0.0..1.0).contains(&state.momentum) {
            return refused("momentum", "at least 0 and below 1", state.momentum);
        }
        if !state.usual_margin.is_finite() {
            return refused("usual_margin", "a finite number", state.usual_margin);
        }
        Ok(Self(state))
    }
}

impl From<AdaptiveBeta> for State {
    fn from(adaptive: AdaptiveBeta) -> Self {
        adaptive.0
    }
}
