use crate::odpo::signed_offset;
use crate::{Divergence, Pair, PairLogps, PairLoss, Result, SurrogateLoss, check, length};
use tch::Tensor;

/// A loss that is a function of the margin between a pair's scores, composed of a [`Divergence`], a [`SurrogateLoss`] and the treatment of
/// lengths.
///
/// `ℓ(s(h_chosen) - s(h_rejected))` with log-ratios `h = log π - log π_ref`, a divergence's score `s` and a surrogate loss `ℓ`.
///
/// ```
/// use {align_losses::{FDivergence, Hinge, MarginLoss, Pair, PairLogps, PairLoss}, tch::Tensor};
/// let loss = MarginLoss::new(FDivergence::ReverseKl, Hinge, 0.1)?;
/// let at = |c: f32, r: f32| Pair { chosen: c, rejected: r }.map(|x| Tensor::from_slice(&[x]));
/// let found = loss.evaluate(&PairLogps::new(&at(-12.0, -15.0), &at(-13.0, -14.0))?)?;
/// assert!((found.losses.double_value(&[0]) - 0.8).abs() < 1e-6); // 1 - 0.1 (1 - -1)
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginLoss<D, L> {
    divergence: D,
    surrogate: L,
    beta: f64,
    lengths: LengthMode,
    odpo_alpha: Option<f64>,
}

/// How a margin depends on the lengths of the completions.
#[derive(Debug, Clone, Copy, PartialEq)]
enum LengthMode {
    Ignored,
    /// Scores are divided by lengths.
    Normalised,
    /// [`length_regularised`](crate::length_regularised) with this `alpha`.
    Regularised(f64),
}

impl<D: Divergence, L: SurrogateLoss> MarginLoss<D, L> {
    /// A loss on summed scores.
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0.
    pub fn new(divergence: D, surrogate: L, beta: f64) -> Result<Self> {
        check::beta(beta)?;
        Ok(Self { divergence, surrogate, beta, lengths: LengthMode::Ignored, odpo_alpha: None })
    }

    /// Divides the scores by the number of tokens of their completions.
    #[must_use]
    pub fn length_normalised(self) -> Self {
        Self { lengths: LengthMode::Normalised, ..self }
    }

    /// Uses [`length_regularised`](crate::length_regularised) margins.
    ///
    /// # Errors
    /// An `alpha` that is not a finite number above 0.
    pub fn with_length_alpha(self, alpha: f64) -> Result<Self> {
        check::above_zero("length_alpha", alpha)?;
        Ok(Self { lengths: LengthMode::Regularised(alpha), ..self })
    }

    /// Subtracts ODPO's offset from the reward margin: the loss is that of the margin `m - Δ / β` ([`odpo_offset`](crate::odpo_offset)),
    /// and needs [`PairLogps::with_score_margins`].
    ///
    /// # Errors
    /// An `alpha` that is not a finite number above 0.
    pub fn with_odpo_alpha(self, alpha: f64) -> Result<Self> {
        check::above_zero("odpo_alpha", alpha)?;
        Ok(Self { odpo_alpha: Some(alpha), ..self })
    }

    /// The divisors of the scores, each `(batch,)`; `None` unless the loss is length-normalised.
    fn divisors(&self, logps: &PairLogps) -> Result<Option<Pair<Tensor>>> {
        if self.lengths != LengthMode::Normalised {
            return Ok(None);
        }
        let (tokens, kind) = (logps.tokens("a length-normalised loss")?, logps.policy().chosen.kind());
        Ok(Some(tokens.as_ref().map(|tokens| length::at_least_one(tokens, kind))))
    }

    fn margin(&self, logps: &PairLogps, divisors: Option<&Pair<Tensor>>) -> Result<Tensor> {
        let margin = self.margin_of_scores(logps, divisors)?;
        let Some(alpha) = self.odpo_alpha else { return Ok(margin) };
        Ok(margin.f_sub(&signed_offset(logps.score_margins()?, alpha / self.beta)?)?)
    }

    fn margin_of_scores(&self, logps: &PairLogps, divisors: Option<&Pair<Tensor>>) -> Result<Tensor> {
        let log_ratios = logps.log_ratios();
        if let Some(divisors) = divisors {
            let scores = log_ratios.as_ref().try_map(|h| self.divergence.score(h))?;
            let mean = |(score, tokens): (&Tensor, &Tensor)| score.f_div(tokens);
            let Pair { chosen, rejected } = scores.as_ref().zip(divisors.as_ref()).try_map(mean)?;
            return Ok(chosen.f_sub(&rejected)?);
        }
        match self.lengths {
            LengthMode::Ignored | LengthMode::Normalised => self.divergence.margin(log_ratios),
            LengthMode::Regularised(alpha) => {
                let margin = self.divergence.margin(log_ratios)?;
                length::length_regularised(&margin, logps.tokens("a length-regularised loss")?, self.beta, alpha)
            }
        }
    }
}

impl<D: Divergence, L: SurrogateLoss> PairLoss for MarginLoss<D, L> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        self.surrogate.loss(&self.margin(logps, self.divisors(logps)?.as_ref())?, self.beta)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    /// Each pair's loss is a function of its own margin.
    fn couples_batch(&self) -> bool {
        false
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let divisors = self.divisors(logps)?;
        let margin = self.margin(logps, divisors.as_ref())?;
        let Some(mut derivative) = self.surrogate.derivative(&margin, self.beta)? else { return Ok(None) };
        let losses = self.surrogate.loss(&margin, self.beta)?;
        let mut chosen = derivative.f_mul_scalar_(scale)?;
        let mut rejected = chosen.f_neg()?;
        if let Some(tokens) = divisors {
            (chosen, rejected) = (chosen.f_div_(&tokens.chosen)?, rejected.f_div_(&tokens.rejected)?);
        }
        if !self.divergence.is_identity() {
            let log_ratios = logps.log_ratios();
            let Some(for_chosen) = self.divergence.derivative(&log_ratios.chosen)? else { return Ok(None) };
            let Some(for_rejected) = self.divergence.derivative(&log_ratios.rejected)? else { return Ok(None) };
            (chosen, rejected) = (chosen.f_mul_(&for_chosen)?, rejected.f_mul_(&for_rejected)?);
        }
        Ok(Some((losses, Pair { chosen, rejected })))
    }
}
