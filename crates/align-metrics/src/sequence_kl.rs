use crate::checks::{check_all_finite, check_same_length};
use crate::compensated_sum::CompensatedSum;
use crate::{Clusters, Error, Result, SampleMean};

/// Tolerance for log-probabilities above 0 due to rounding in bfloat16. Larger ones are probably negated by mistake.
const ROUNDING: f64 = 0.05;

/// The log-probabilities of texts under the model that generated them (the writer) and under another model, from which their KL
/// divergence is estimated, in nats per text.
///
/// With texts of a policy, `KL(writer‖other)` is KL(π‖π_ref), the penalty of preference optimisation; with texts of the reference it is
/// KL(π_ref‖π). The estimators are those of Schulman ("Approximating KL Divergence", 2020). They are unbiased if the texts were sampled
/// from the distribution of the log-probabilities: without beam search, top-k or another temperature.
///
/// ```
/// use align_metrics::SampledLogps;
/// let (policy, reference) = ([-10.0, -12.0, -9.0], [-11.0, -12.5, -9.5]); // of three texts sampled from the policy
/// let kl = SampledLogps::new(&policy, &reference, None)?.k1()?;
/// assert!((kl.value - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SampledLogps<'a> {
    /// `log p_other(y) - log p_writer(y)` of each text.
    log_ratios: Vec<f64>,
    clusters: Option<&'a Clusters>,
}

impl<'a> SampledLogps<'a> {
    /// Takes the summed log-probabilities of each text, in nats. `clusters` are the groups of texts that share a prompt.
    ///
    /// # Errors
    /// Lists of different lengths, or a log-probability that is not finite or above 0.
    pub fn new(writer: &[f64], other: &[f64], clusters: Option<&'a Clusters>) -> Result<Self> {
        check_same_length("log-probabilities of the other model", "writer's", writer.len(), other.len())?;
        for (what, logps) in [("writer's log-probability", writer), ("other model's log-probability", other)] {
            check_all_finite(what, logps.iter().copied())?;
            if let Some((at, logp)) = logps.iter().enumerate().find(|(_, logp)| **logp > ROUNDING) {
                return Err(Error::Value { what, row: at + 1, value: *logp, expected: "at most 0" });
            }
        }
        Clusters::or_one_per_row(clusters, writer.len())?;
        Ok(Self { log_ratios: other.iter().zip(writer).map(|(other, writer)| other - writer).collect(), clusters })
    }

    /// KL(writer‖other) by `k1 = -log r`, with `r = p_other(y) / p_writer(y)`.
    ///
    /// Unbiased, and reliable even if the models are far apart. Single values, and so the mean of few texts, may be negative.
    ///
    /// # Errors
    /// Fewer than two texts or clusters.
    pub fn k1(&self) -> Result<SampleMean> {
        SampleMean::of(&self.values(|x| -x), self.clusters)
    }

    /// KL(writer‖other) by `k3 = (r - 1) - log r`, with `r = p_other(y) / p_writer(y)`: each value is at least 0.
    ///
    /// Also unbiased, since the mean of `r` is 1, and with lower variance than [`k1`](Self::k1) if the models are close. If they are far
    /// apart, `r` is close to 0 for nearly all texts and very large for texts too rare to be sampled. Then k3 is smaller than k1 by up to
    /// 1, and its standard error does not show this. Use it only if the
    /// [`effective_sample_size`](Self::effective_sample_size) is a large part of the texts.
    ///
    /// # Errors
    /// Fewer than two texts or clusters, or a ratio that is too large for float64.
    pub fn k3(&self) -> Result<SampleMean> {
        // Not negative by convexity, except for rounding.
        self.weighted(|x| (x.exp_m1() - x).max(0.0))
    }

    /// The reverse KL divergence, KL(other‖writer), from the same texts by importance weighting: `r log r - (r - 1)`, each value at least
    /// 0.
    ///
    /// Unbiased, but with even heavier tails than [`k3`](Self::k3). If texts of the other model are available, use [`k1`](Self::k1) on
    /// them instead.
    ///
    /// # Errors
    /// The errors of [`k3`](Self::k3).
    pub fn reverse_kl(&self) -> Result<SampleMean> {
        // r log r - (r - 1), written so that a ratio that is too large gives infinity.
        self.weighted(|x| ((x - 1.0) * x.exp_m1() + x).max(0.0))
    }

    /// The effective sample size of the importance weights `r`: `(Σ r)² / Σ r²` (Kish, 1965), between 1 and the number of texts.
    ///
    /// # Errors
    /// No texts.
    pub fn effective_sample_size(&self) -> Result<f64> {
        // Dividing by the largest ratio avoids overflow.
        let Some((_, largest)) = self.largest() else { return Err(Error::Empty("texts")) };
        let sum_of = |power: f64| CompensatedSum::of(self.log_ratios.iter().map(|x| (power * (x - largest)).exp()));
        Ok(sum_of(1.0).powi(2) / sum_of(2.0))
    }

    fn values(&self, of: impl Fn(f64) -> f64) -> Vec<f64> {
        self.log_ratios.iter().map(|x| of(*x)).collect()
    }

    /// The mean of values that grow with the ratio, and may overflow.
    fn weighted(&self, of: impl Fn(f64) -> f64) -> Result<SampleMean> {
        match (SampleMean::of(&self.values(of), self.clusters), self.largest()) {
            (Err(Error::Value { .. } | Error::Overflow(..)), Some((at, log_ratio))) => {
                Err(Error::RatioOverflow { row: at + 1, log_ratio })
            }
            (mean, _) => mean,
        }
    }

    fn largest(&self) -> Option<(usize, f64)> {
        self.log_ratios.iter().copied().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))
    }
}

/// KL(writer‖other) in nats per text, from the exact KL divergence at each token of the writer's texts:
/// `E[Σ_t KL(p_writer(·|y_<t) ‖ p_other(·|y_<t))]`, the Rao-Blackwellised estimator (Amini, Vieira and Cotterell, 2025,
/// arXiv:2504.10637).
///
/// Unbiased, never negative, and with at most the variance of [`SampledLogps::k1`] on the same texts. `token_kls` contains for each text
/// the KL divergences of the next-token distributions over the whole vocabulary, at each token including the end-of-text token.
///
/// ```
/// let kl = align_metrics::rao_blackwell_kl(&[vec![0.1, 0.2], vec![0.5]], None)?;
/// assert!((kl.value - 0.4).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two texts or clusters, clusters with another number of texts, or a divergence that is not finite or clearly negative; the
/// row is that of the text.
pub fn rao_blackwell_kl<T: AsRef<[f64]>>(token_kls: &[T], clusters: Option<&Clusters>) -> Result<SampleMean> {
    for (at, kls) in token_kls.iter().enumerate() {
        if let Some(value) = kls.as_ref().iter().find(|kl| !(kl.is_finite() && **kl >= -ROUNDING)) {
            let (what, expected) = ("divergence at a token", "finite and at least 0");
            return Err(Error::Value { what, row: at + 1, value: *value, expected });
        }
    }
    let sums: Vec<f64> = token_kls.iter().map(|kls| CompensatedSum::of(kls.as_ref().iter().copied())).collect();
    SampleMean::of(&sums, clusters)
}
