use crate::{Divergence, Link, Pair, PairLogps, PairLoss, Result, check, length};
use tch::Tensor;

/// A loss of the margin between a pair's scores: any [`Divergence`]'s scores, any [`Link`], and what lengths have to do with
/// it.
///
/// `ℓ(s(h_chosen) - s(h_rejected))` with log-ratios `h = log π - log π_ref`, a divergence's score `s` and a link `ℓ`.
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
    link: L,
    beta: f64,
    lengths: Lengths,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Lengths {
    Ignored,
    Divided,
    Priced(f64),
}

impl<D: Divergence, L: Link> MarginLoss<D, L> {
    /// A loss of summed scores.
    ///
    /// # Errors
    /// A `beta` that is not a finite number above 0.
    pub fn new(divergence: D, link: L, beta: f64) -> Result<Self> {
        check::beta(beta)?;
        Ok(Self { divergence, link, beta, lengths: Lengths::Ignored })
    }

    /// The same of scores divided by each completion's number of tokens.
    #[must_use]
    pub fn a_token(self) -> Self {
        Self { lengths: Lengths::Divided, ..self }
    }

    /// The same of [`length_regularised`](crate::length_regularised) margins.
    ///
    /// # Errors
    /// An `alpha` that is not a finite number above 0.
    pub fn with_length_alpha(self, alpha: f64) -> Result<Self> {
        check::above_zero("length_alpha", alpha)?;
        Ok(Self { lengths: Lengths::Priced(alpha), ..self })
    }

    /// What scores are divided by, each `(batch,)`; nothing where they are not.
    fn divisors(&self, logps: &PairLogps) -> Result<Option<Pair<Tensor>>> {
        if self.lengths != Lengths::Divided {
            return Ok(None);
        }
        let (tokens, kind) = (logps.tokens("a length-normalised loss")?, logps.policy().chosen.kind());
        Ok(Some(tokens.as_ref().map(|tokens| length::at_least_one(tokens, kind))))
    }

    fn margin(&self, logps: &PairLogps, divisors: Option<&Pair<Tensor>>) -> Result<Tensor> {
        let log_ratios = logps.log_ratios();
        if let Some(divisors) = divisors {
            let scores = log_ratios.as_ref().try_map(|h| self.divergence.score(h))?;
            let mean = |(score, tokens): (&Tensor, &Tensor)| score.f_div(tokens);
            let Pair { chosen, rejected } = scores.as_ref().zip(divisors.as_ref()).try_map(mean)?;
            return Ok(chosen.f_sub(&rejected)?);
        }
        match self.lengths {
            Lengths::Ignored | Lengths::Divided => self.divergence.margin(log_ratios),
            Lengths::Priced(alpha) => {
                let margin = self.divergence.margin(log_ratios)?;
                length::length_regularised(&margin, logps.tokens("a length-regularised loss")?, self.beta, alpha)
            }
        }
    }
}

impl<D: Divergence, L: Link> PairLoss for MarginLoss<D, L> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        self.link.loss(&self.margin(logps, self.divisors(logps)?.as_ref())?, self.beta)
    }

    fn beta(&self) -> f64 {
        self.beta
    }

    fn losses_and_slopes(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let divisors = self.divisors(logps)?;
        let margin = self.margin(logps, divisors.as_ref())?;
        let Some(mut by_margin) = self.link.slope(&margin, self.beta)? else { return Ok(None) };
        let losses = self.link.loss(&margin, self.beta)?;
        let mut chosen = by_margin.f_mul_scalar_(scale)?;
        let mut rejected = chosen.f_neg()?;
        if let Some(tokens) = divisors {
            (chosen, rejected) = (chosen.f_div_(&tokens.chosen)?, rejected.f_div_(&tokens.rejected)?);
        }
        if !self.divergence.is_identity() {
            let log_ratios = logps.log_ratios();
            let Some(by_chosen) = self.divergence.slope(&log_ratios.chosen)? else { return Ok(None) };
            let Some(by_rejected) = self.divergence.slope(&log_ratios.rejected)? else { return Ok(None) };
            (chosen, rejected) = (chosen.f_mul_(&by_chosen)?, rejected.f_mul_(&by_rejected)?);
        }
        Ok(Some((losses, Pair { chosen, rejected })))
    }
}
