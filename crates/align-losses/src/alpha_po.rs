use crate::{Pair, Result, check, conservative_sigmoid, length};
use serde::{Deserialize, Serialize};
use tch::Tensor;

/// AlphaPO: `-(1 - ε) log σ(x) - ε log σ(-x)` with `x = r(y⁺) - r(y⁻) - γ` and rewards `r(y) = β (1 - p^{-α}) / α`, `p` the
/// geometric mean of the tokens' probabilities (arXiv:2501.03884).
///
/// [`simpo`](crate::simpo) with a reward of another shape than the logarithm. `alpha` = α bends it: at 0 it is SimPO's, above 0
/// unlikely completions cost more, below 0 less; the paper's best lie at 0.1 to 0.25 and spare the chosen completions'
/// likelihood. `beta` and `gamma` as in SimPO. Exponents `-α log p` are clamped to at most 80.
///
/// * `logps`: summed log-probabilities, each `(batch,)`; differentiable.
/// * `tokens`: each completion's number of tokens, each `(batch,)`; 0 counts as 1.
///
/// ```
/// use {align_losses::{alpha_po, AlphaPoOptions, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// let options = AlphaPoOptions { alpha: 0.25, gamma: 0.0, ..AlphaPoOptions::default() };
/// let loss = alpha_po(&logps, &tokens, &options)?; // -1 a token on both sides
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Sides that are not floating-point, shapes or devices that differ, or options outside their range.
pub fn alpha_po(logps: &Pair<Tensor>, tokens: &Pair<Tensor>, options: &AlphaPoOptions) -> Result<Tensor> {
    let Pair { chosen, rejected } = options.rewards(logps, tokens)?;
    conservative_sigmoid(&(chosen - rejected - options.gamma), 1.0, options.label_smoothing)
}

/// [`alpha_po`]'s hyper-parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlphaPoOptions {
    /// Scale of the rewards.
    pub beta: f64,
    /// The margin that rewards should differ by.
    pub gamma: f64,
    /// The reward's shape: 0 is the logarithm.
    pub alpha: f64,
    /// The share of labels taken to be wrong, below 0.5.
    pub label_smoothing: f64,
}

impl Default for AlphaPoOptions {
    /// `beta` 0.1 and `gamma` 0.5, which are TRL's; `alpha` and `label_smoothing` 0.
    fn default() -> Self {
        Self { beta: 0.1, gamma: 0.5, alpha: 0.0, label_smoothing: 0.0 }
    }
}

impl AlphaPoOptions {
    /// Checks the options; every function that takes them does so too.
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0, a `gamma` below 0, an `alpha` that is not finite, or a `label_smoothing`
    /// outside `[0, 0.5)`.
    pub fn validate(&self) -> Result<()> {
        check::beta(self.beta)?;
        check::at_least_zero("gamma", self.gamma)?;
        check::label_smoothing(self.label_smoothing)?;
        if self.alpha.is_finite() {
            return Ok(());
        }
        Err(crate::Error::Hyperparameter { name: "alpha", expected: "a finite number", found: self.alpha })
    }

    /// The rewards `β (1 - p^{-α}) / α` of both sides, each `(batch,)`; differentiable.
    ///
    /// # Errors
    /// As [`alpha_po`].
    pub fn rewards(&self, logps: &Pair<Tensor>, tokens: &Pair<Tensor>) -> Result<Pair<Tensor>> {
        self.validate()?;
        let Self { beta, alpha, .. } = *self;
        let mean = length::a_token(logps, tokens)?;
        if alpha == 0.0 {
            return Ok(mean.map(|log_p| beta * log_p));
        }
        Ok(mean.map(|log_p| (-alpha * log_p).clamp_max(80.0).expm1() * (-beta / alpha)))
    }
}
