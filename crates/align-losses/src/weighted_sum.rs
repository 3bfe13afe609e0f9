use crate::{Error, Mean, Pair, PairLogps, PairLoss, Result, check};
use tch::Tensor;

/// A weighted sum of losses: mixed preference optimisation (MPO, arXiv:2411.10442).
///
/// ```
/// use {align_losses::{DpoLoss, DpoOptions, LossType, Pair, PairLogps, PairLoss, WeightedSum}, tch::Tensor};
/// let of = |loss_type| DpoLoss::new(DpoOptions { loss_type, ..DpoOptions::default() });
/// let mpo = WeightedSum::new(vec![(of(LossType::Sigmoid)?, 0.8), (of(LossType::BcoPair)?, 0.2)])?;
/// let logps = Pair { chosen: Tensor::from_slice(&[-12.0f64]), rejected: Tensor::from_slice(&[-15.0f64]) };
/// let found = mpo.evaluate(&PairLogps::new(&logps, &logps)?)?;
/// assert!((found.losses.double_value(&[0]) - (0.8 + 2.0 * 0.2) * 2f64.ln()).abs() < 1e-12);
/// # Ok::<(), align_losses::Error>(())
/// ```
#[derive(Debug)]
pub struct WeightedSum<L = Box<dyn PairLoss>> {
    first: (L, f64),
    others: Vec<(L, f64)>,
}

impl<L: PairLoss> WeightedSum<L> {
    /// The sum of the losses, each with its weight.
    ///
    /// # Errors
    /// No losses, a weight that is not a finite number above 0, or losses with different `beta`, for which rewards would be ambiguous.
    pub fn new(losses: Vec<(L, f64)>) -> Result<Self> {
        for (_, weight) in &losses {
            check::above_zero("loss_weights", *weight)?;
        }
        let mut losses = losses.into_iter();
        let first = losses.next().ok_or(Error::NoLosses)?;
        let (beta, others) = (first.0.beta(), losses.collect::<Vec<_>>());
        match others.iter().find(|(loss, _)| loss.beta() != beta) {
            Some((loss, _)) => Err(Error::DifferentBetas { first: beta, other: loss.beta() }),
            None => Ok(Self { first, others }),
        }
    }
}

impl<L: PairLoss> PairLoss for WeightedSum<L> {
    fn losses(&self, logps: &PairLogps) -> Result<Tensor> {
        let (loss, weight) = &self.first;
        let mut sum = loss.losses(logps)?.f_mul_scalar(*weight)?;
        for (loss, weight) in &self.others {
            sum = sum.f_add(&loss.losses(logps)?.f_mul_scalar(*weight)?)?;
        }
        Ok(sum)
    }

    fn beta(&self) -> f64 {
        self.first.0.beta()
    }

    fn couples_batch(&self) -> bool {
        self.first.0.couples_batch() || self.others.iter().any(|(loss, _)| loss.couples_batch())
    }

    fn loss_terms(&self, logps: &PairLogps) -> Result<Vec<Mean>> {
        let mut means = Vec::new();
        for (loss, weight) in std::iter::once(&self.first).chain(&self.others) {
            means.extend(loss.loss_terms(logps)?.into_iter().map(|mean| mean.times(*weight)));
        }
        Ok(means)
    }

    fn mean_depends_on_batch_size(&self) -> bool {
        self.first.0.mean_depends_on_batch_size()
            || self.others.iter().any(|(loss, _)| loss.mean_depends_on_batch_size())
    }

    fn losses_and_gradients(&self, logps: &PairLogps, scale: f64) -> Result<Option<(Tensor, Pair<Tensor>)>> {
        let (loss, weight) = &self.first;
        let Some((losses, mut gradients)) = loss.losses_and_gradients(logps, scale * weight)? else { return Ok(None) };
        let mut sum = losses.f_mul_scalar(*weight)?;
        for (loss, weight) in &self.others {
            let Some((losses, other)) = loss.losses_and_gradients(logps, scale * weight)? else { return Ok(None) };
            sum = sum.f_add(&losses.f_mul_scalar(*weight)?)?;
            gradients = gradients.zip(other).try_map(|(sum, gradient)| sum.f_add(&gradient))?;
        }
        Ok(Some((sum, gradients)))
    }
}
