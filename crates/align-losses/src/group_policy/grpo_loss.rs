use super::kl::{k3_derivative, k3_kl};
use super::ratio::{Ratio, sum_of_row};
use super::statistics::mean;
use super::token_term::{Shown, Term};
use super::{Aggregation, GroupPolicyLoss, GroupPolicyOutput, GrpoOptions, PolicyStatistics, PolicyTokens};
use crate::{Error, Mean, Over, Result};
use tch::{Kind, Tensor};

/// GRPO's loss (arXiv:2402.03300) in the variants of TRL's `loss_type`, with an optional KL penalty.
///
/// The loss of a token is `ℓ_t = -min(r_t A, clip(r_t, 1 - ε, 1 + ε_high) A) + β k3_t` with the ratio `r_t = π(y_t) / π_old(y_t)`, the advantage `A` of
/// its completion and the divergence [`k3_kl`](super::k3_kl); [`GrpoLossType`](super::GrpoLossType) says how losses are averaged, and
/// which have another first term. With `use_bias_correction_kl`, the divergence is multiplied by the ratio.
///
/// ```
/// use align_losses::{GroupPolicyLoss, GrpoLoss, GrpoOptions, PolicyTokens};
/// use tch::Tensor;
/// let logps = Tensor::from_slice2(&[[-1.0f64, -2.0], [-0.5, 0.0]]);
/// let mask = Tensor::from_slice2(&[[true, true], [true, false]]);
/// let tokens = PolicyTokens::new(&logps, &mask, &Tensor::from_slice(&[1.0f64, -1.0]))?;
/// let output = GrpoLoss::new(GrpoOptions::default())?.loss_and_gradient(&tokens)?;
/// assert!((output.loss.value - -1.0 / 3.0).abs() < 1e-12); // the mean of -1, -1 and 1
/// assert!((output.gradient.double_value(&[1, 0]) - 1.0 / 3.0).abs() < 1e-12); // a bad completion is made less likely
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrpoLoss {
    options: GrpoOptions,
}

/// The parts of the loss of each token.
struct Parts {
    ratio: Ratio,
    term: Term,
    /// 0 for completions that are left out of the first term, otherwise 1: `(rows, 1)`.
    kept: Option<Tensor>,
    kl: Option<Kl>,
}

/// The KL divergences of tokens, `(rows, seq)`.
struct Kl {
    plain: Tensor,
    /// Multiplied by the ratio, if that is requested.
    penalty: Tensor,
}

impl GrpoLoss {
    /// Creates the loss.
    ///
    /// # Errors
    /// Those of [`GrpoOptions::validate`].
    pub fn new(options: GrpoOptions) -> Result<Self> {
        options.validate()?;
        Ok(Self { options })
    }

    /// The options.
    pub fn options(&self) -> &GrpoOptions {
        &self.options
    }

    fn aggregation(&self) -> Aggregation {
        self.options.loss_type.builtin().aggregation
    }

    /// The weight of each token's loss in the mean, `(rows, seq)`.
    fn weights(&self, tokens: &PolicyTokens) -> Result<Tensor> {
        let rows = tokens.rows().max(1) as f64;
        let mask = &tokens.mask;
        Ok(match self.aggregation() {
            Aggregation::MeanPerCompletion => mask.f_div(&tokens.lengths()?)?.f_div_scalar(rows)?,
            Aggregation::SumPerCompletion => mask.f_div_scalar(rows)?,
            Aggregation::PerMaximumLength => {
                let length = self.options.max_completion_length.unwrap_or(1).max(1) as f64;
                mask.f_div_scalar(rows * length)?
            }
            Aggregation::MeanOfBatch | Aggregation::MeanOfStep => mask.f_div_scalar(tokens.count()?.max(1.0))?,
        })
    }

    fn parts(&self, tokens: &PolicyTokens) -> Result<Parts> {
        let ratio = Ratio::new(tokens, self.options.importance_sampling_level)?;
        let term = (self.options.loss_type.builtin().term)(tokens, &ratio, &self.options)?;
        let kl = match self.needs_reference() {
            true => Some(self.kl(tokens, &ratio)?),
            false => None,
        };
        Ok(Parts { ratio, term, kept: self.kept(tokens)?, kl })
    }

    fn kl(&self, tokens: &PolicyTokens, ratio: &Ratio) -> Result<Kl> {
        let reference = tokens.reference_logps.as_ref().ok_or(Error::MissingReferenceLogps)?;
        let plain = k3_kl(&tokens.logps, reference)?;
        let penalty = match self.options.use_bias_correction_kl {
            true => plain.f_mul(&ratio.value)?,
            false => plain.shallow_clone(),
        };
        Ok(Kl { plain, penalty })
    }

    /// Which completions are on policy enough, `(rows, 1)`; `None` for all.
    fn kept(&self, tokens: &PolicyTokens) -> Result<Option<Tensor>> {
        let Some(threshold) = self.options.off_policy_mask_threshold else { return Ok(None) };
        let log_ratios = tokens.log_ratios()?.f_detach()?;
        let drift = sum_of_row(&log_ratios)?.f_neg()?.f_div(&tokens.lengths()?)?;
        let kept = tokens.advantages.f_ge(0.0)?.f_logical_or(&drift.f_le(threshold)?)?;
        Ok(Some(kept.f_to_kind(tokens.logps.kind())?))
    }

    /// The loss of each token, `(rows, seq)` or `(rows, 1)`.
    fn token_losses(&self, parts: &Parts) -> Result<Tensor> {
        let losses = parts.kept(&parts.term.losses)?;
        match &parts.kl {
            Some(kl) => Ok(losses.f_add(&kl.penalty.f_mul_scalar(self.options.beta)?)?),
            None => Ok(losses),
        }
    }

    /// The gradient of the mean with respect to the log-probabilities.
    fn gradient(&self, tokens: &PolicyTokens, parts: &Parts, weights: &Tensor) -> Result<Tensor> {
        let mut by_ratio = parts.term.by_ratio.as_ref().map(|by| parts.kept(by)).transpose()?;
        let mut by_logps = parts.term.by_logps.as_ref().map(|by| parts.kept(by)).transpose()?;
        if let Some((kl, reference)) = parts.kl.as_ref().zip(tokens.reference_logps.as_ref()) {
            let mut slope = k3_derivative(&tokens.logps, reference)?.f_mul_scalar(self.options.beta)?;
            if self.options.use_bias_correction_kl {
                slope = slope.f_mul(&parts.ratio.value)?;
                by_ratio = Some(plus(by_ratio, kl.plain.f_mul_scalar(self.options.beta)?)?);
            }
            by_logps = Some(plus(by_logps, slope)?);
        }
        let through_ratio = by_ratio.map(|by| parts.ratio.backward(tokens, &by.f_mul(weights)?)).transpose()?;
        match (through_ratio, by_logps) {
            (Some(through_ratio), Some(by_logps)) => Ok(through_ratio.f_add(&by_logps.f_mul(weights)?)?),
            (Some(through_ratio), None) => Ok(through_ratio),
            (None, Some(by_logps)) => Ok(by_logps.f_mul(weights)?),
            (None, None) => Ok(weights.f_zeros_like()?),
        }
    }

    fn statistics(&self, tokens: &PolicyTokens, parts: &Parts) -> Result<PolicyStatistics> {
        let (mut statistics, each) = (PolicyStatistics::default(), parts.ratio.over());
        if let Some(kl) = &parts.kl {
            statistics.kl = Some(mean(tokens, &kl.penalty, Over::Tokens)?);
        }
        match &parts.term.shown {
            Shown::Nothing => {}
            Shown::Clipped(clipped) => statistics.set_clipped(tokens, clipped, each)?,
            Shown::Capped(capped) => statistics.cispo_clip = Some(mean(tokens, capped, each)?),
            Shown::Weights(phi) => statistics.vespo_phi = Some(mean(tokens, phi, Over::Rows)?),
        }
        Ok(statistics)
    }
}

impl Parts {
    /// Values without those of completions that are left out.
    fn kept(&self, x: &Tensor) -> Result<Tensor> {
        match &self.kept {
            Some(kept) => Ok(x.f_mul(kept)?),
            None => Ok(x.shallow_clone()),
        }
    }
}

fn plus(sum: Option<Tensor>, x: Tensor) -> Result<Tensor> {
    match sum {
        Some(sum) => Ok(sum.f_add(&x)?),
        None => Ok(x),
    }
}

impl GroupPolicyLoss for GrpoLoss {
    fn loss(&self, tokens: &PolicyTokens) -> Result<Tensor> {
        let losses = self.token_losses(&self.parts(tokens)?)?;
        Ok(losses.f_mul(&self.weights(tokens)?)?.f_sum(losses.kind())?)
    }

    fn loss_and_gradient(&self, tokens: &PolicyTokens) -> Result<GroupPolicyOutput> {
        tch::no_grad(|| {
            let (parts, weights) = (self.parts(tokens)?, self.weights(tokens)?);
            let loss = self.token_losses(&parts)?.f_mul(&weights)?.f_sum(Kind::Double)?.f_double_value(&[])?;
            let over = self.mean_over();
            let count = if over == Over::Tokens { tokens.count()? } else { tokens.rows() as f64 };
            Ok(GroupPolicyOutput {
                loss: Mean { value: loss, over, count },
                gradient: self.gradient(tokens, &parts, &weights)?,
                statistics: self.statistics(tokens, &parts)?,
            })
        })
    }

    fn mean_over(&self) -> Over {
        match self.aggregation() {
            Aggregation::MeanOfBatch | Aggregation::MeanOfStep => Over::Tokens,
            _ => Over::Rows,
        }
    }

    fn weighs_batches_by_tokens(&self) -> bool {
        self.aggregation() == Aggregation::MeanOfStep
    }

    fn needs_reference(&self) -> bool {
        self.options.beta != 0.0
    }

    fn is_zero_without_advantage(&self) -> bool {
        self.options.beta == 0.0
    }
}
