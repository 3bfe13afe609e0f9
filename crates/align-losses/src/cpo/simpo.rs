use super::{BuiltinLoss, CpoOptions, CpoOutput};
use crate::{LossInfo, LossOption, Method, Pair, Result, check, conservative_sigmoid, length};
use serde::{Deserialize, Serialize};
use tch::Tensor;

pub(super) static LOSS: BuiltinLoss = BuiltinLoss {
    info: LossInfo {
        method: Method { name: "SimPO", paper: "https://arxiv.org/abs/2405.14734" },
        help: "SimPO: the margin between mean log-probabilities per token, minus a target margin; with alpha: AlphaPO",
        formula: "−log σ(β (log π(y⁺)/n⁺ − log π(y⁻)/n⁻) − γ); γ is --simpo-gamma",
        options: &[LossOption::LabelSmoothing, LossOption::CpoAlpha, LossOption::SimpoGamma, LossOption::Alpha],
        length_normalised: true,
        methods_with: &[(LossOption::Alpha, Method { name: "AlphaPO", paper: "https://arxiv.org/abs/2501.03884" })],
        ..LossInfo::DEFAULT
    },
    evaluate: |logps, options| {
        let alpha_po_options = AlphaPoOptions::from(options);
        let rewards = alpha_po_options.rewards(logps.summed, logps.tokens)?.try_map(|reward| reward.f_detach())?;
        let losses = alpha_po(logps.summed, logps.tokens, &alpha_po_options)?;
        Ok(CpoOutput { rewards, ..logps.output(losses, options)? })
    },
};

/// SimPO: `-log σ(β (log π(y⁺) / n⁺ - log π(y⁻) / n⁻) - γ)` (eq. 6 of arXiv:2405.14734; γ = `gamma`).
///
/// The reward is the mean log-probability per token, which decoding maximises too. `gamma` is a target reward margin. `beta` is large, 2 to
/// 10, because margins per token are small; TRL's default `gamma` is 0.5. `tokens` is the number of tokens of a completion, including EOS;
/// 0 counts as 1.
///
/// ```
/// use {align_losses::{simpo, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-6.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// let loss = simpo(&logps, &tokens, 2.0, 1.0)?; // 2 (-1 + 1.5) is 1
/// assert!((loss.double_value(&[0]) - 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
///
/// # Errors
/// Those of [`cpo`](crate::cpo), shapes that differ, or a `gamma` that is not a finite number of at least 0.
pub fn simpo(logps: &Pair<Tensor>, tokens: &Pair<Tensor>, beta: f64, gamma: f64) -> Result<Tensor> {
    check::at_least_zero("gamma", gamma)?;
    check::beta(beta)?;
    Ok(-(beta * length::normalised_margin(logps, tokens)? - gamma).log_sigmoid())
}

/// AlphaPO: `-(1 - ε) log σ(x) - ε log σ(-x)` with `x = r(y⁺) - r(y⁻) - γ` and rewards `r(y) = β (1 - p^{-α}) / α`, `p` the
/// geometric mean of the tokens' probabilities (arXiv:2501.03884).
///
/// [`simpo`](crate::simpo) with another shape of the reward than the logarithm, which `alpha` = α sets. With 0 the reward is SimPO's. With
/// larger values unlikely completions get lower rewards, with smaller values higher ones. The best values in the paper are 0.1 to 0.25;
/// they reduce the likelihood of the chosen completions less. `beta` and `gamma` as in SimPO. Exponents `-α log p` are clamped to at most 80.
///
/// * `logps`: summed log-probabilities, each `(batch,)`; differentiable.
/// * `tokens`: the number of tokens of each completion, each `(batch,)`; 0 counts as 1.
///
/// ```
/// use {align_losses::{alpha_po, AlphaPoOptions, Pair}, tch::Tensor};
/// let logps = Pair { chosen: Tensor::from_slice(&[-8.0f64]), rejected: Tensor::from_slice(&[-4.0f64]) };
/// let tokens = Pair { chosen: Tensor::from_slice(&[8i64]), rejected: Tensor::from_slice(&[4i64]) };
/// let options = AlphaPoOptions { alpha: 0.25, gamma: 0.0, ..AlphaPoOptions::default() };
/// let loss = alpha_po(&logps, &tokens, &options)?; // -1 per token on both sides
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
    /// The scale of the rewards.
    pub beta: f64,
    /// The target reward margin.
    pub gamma: f64,
    /// The shape of the reward: 0 is the logarithm.
    pub alpha: f64,
    /// The assumed fraction of wrong labels, below 0.5.
    pub label_smoothing: f64,
}

impl Default for AlphaPoOptions {
    /// `beta` 0.1 and `gamma` 0.5, which are TRL's; `alpha` and `label_smoothing` 0.
    fn default() -> Self {
        Self { beta: 0.1, gamma: 0.5, alpha: 0.0, label_smoothing: 0.0 }
    }
}

impl From<&CpoOptions> for AlphaPoOptions {
    fn from(options: &CpoOptions) -> Self {
        Self {
            beta: options.beta,
            gamma: options.simpo_gamma.unwrap_or(Self::default().gamma),
            alpha: options.alpha.unwrap_or(0.0),
            label_smoothing: options.label_smoothing,
        }
    }
}

impl AlphaPoOptions {
    /// Checks the options. Every function that takes them calls it.
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
        let mean = length::per_token(logps, tokens)?;
        if alpha == 0.0 {
            return Ok(mean.map(|log_p| beta * log_p));
        }
        Ok(mean.map(|log_p| (-alpha * log_p).clamp_max(80.0).expm1() * (-beta / alpha)))
    }
}
