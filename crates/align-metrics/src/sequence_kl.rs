use crate::checks::{all_finite, same_count};
use crate::sum::Sum;
use crate::{Clusters, Error, Result, SampleMean};

/// A log-probability above 0 by more than rounding in bfloat16 explains is none: it is a negated one.
const ROUNDING: f64 = 0.05;

/// Texts' log-probabilities under the model that wrote them and under another one: what the Kullback-Leibler divergence
/// of the two, in nats a text, is estimated from.
///
/// With texts of a policy, `KL(writer‖other)` is KL(π‖π_ref), the penalty of preference optimisation; with texts of the
/// reference it is KL(π_ref‖π). The estimators are Schulman's ("Approximating KL Divergence", 2020); both are unbiased if
/// the texts were drawn from the writer as its log-probabilities are computed: without beams, top-k or another
/// temperature.
///
/// ```
/// use align_metrics::SampledLogps;
/// let (policy, reference) = ([-10.0, -12.0, -9.0], [-11.0, -12.5, -9.5]); // of three texts that the policy wrote
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
    /// Takes the summed log-probabilities of each text, in nats; `clusters` says which texts share a prompt.
    ///
    /// # Errors
    /// Lists of different lengths, or a log-probability that is not finite or above 0.
    pub fn new(writer: &[f64], other: &[f64], clusters: Option<&'a Clusters>) -> Result<Self> {
        same_count("log-probabilities of the other model", "writer's", writer.len(), other.len())?;
        for (what, logps) in [("writer's log-probability", writer), ("other model's log-probability", other)] {
            all_finite(what, logps.iter().copied())?;
            if let Some((at, logp)) = logps.iter().enumerate().find(|(_, logp)| **logp > ROUNDING) {
                return Err(Error::Value { what, row: at + 1, value: *logp, expected: "at most 0" });
            }
        }
        Clusters::or_rows(clusters, writer.len())?;
        Ok(Self { log_ratios: other.iter().zip(writer).map(|(other, writer)| other - writer).collect(), clusters })
    }

    /// KL(writer‖other) by `k1 = -log r`, with `r = p_other(y) / p_writer(y)`.
    ///
    /// Unbiased, and sound where the models are far apart; single values, and so the mean of few, may be below 0.
    ///
    /// # Errors
    /// Fewer than two texts or clusters.
    pub fn k1(&self) -> Result<SampleMean> {
        SampleMean::of(&self.values(|x| -x), self.clusters)
    }

    /// KL(writer‖other) by `k3 = (r - 1) - log r`, with `r = p_other(y) / p_writer(y)`: each value is at least 0.
    ///
    /// Unbiased too, since `r` is 1 on average, and of lower variance than [`k1`](Self::k1) while the models are near
    /// each other. Far apart, `r` is next to nothing on nearly all texts and huge on ones too rare to be drawn: k3 is then
    /// short of k1 by up to 1, with a standard error that does not show it. Believe it only while the
    /// [`effective_sample_size`](Self::effective_sample_size) is a good part of the texts.
    ///
    /// # Errors
    /// Fewer than two texts or clusters, or a ratio too large for float64, which is named rather than dropped.
    pub fn k3(&self) -> Result<SampleMean> {
        // Above 0 by convexity, but for rounding.
        self.weighted(|x| (x.exp_m1() - x).max(0.0))
    }

    /// KL(other‖writer), the opposite direction, from the same texts by importance weights: `r log r - (r - 1)`, each
    /// value at least 0.
    ///
    /// Unbiased, with the tails of [`k3`](Self::k3) and worse: where texts of the other model can be had, `k1` of them is
    /// the better estimate.
    ///
    /// # Errors
    /// Those of [`k3`](Self::k3).
    pub fn opposite(&self) -> Result<SampleMean> {
        // r log r - (r - 1), in a form that a ratio too large for a float leaves infinite.
        self.weighted(|x| ((x - 1.0) * x.exp_m1() + x).max(0.0))
    }

    /// How many texts of the other model these are worth as weighted by `r`: `(Σ r)² / Σ r²` (Kish, 1965), between 1 and
    /// their number.
    ///
    /// # Errors
    /// No texts.
    pub fn effective_sample_size(&self) -> Result<f64> {
        // The largest ratio is divided out, so that none overflows.
        let Some((_, largest)) = self.largest() else { return Err(Error::Empty("texts")) };
        let sum_of = |power: f64| Sum::of(self.log_ratios.iter().map(|x| (power * (x - largest)).exp()));
        Ok(sum_of(1.0).powi(2) / sum_of(2.0))
    }

    fn values(&self, of: impl Fn(f64) -> f64) -> Vec<f64> {
        self.log_ratios.iter().map(|x| of(*x)).collect()
    }

    /// The mean of values that grow with the ratio, which may be more than a float holds.
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

/// KL(writer‖other) in nats a text, from the exact divergence at each token of the writer's texts:
/// `E[Σ_t KL(p_writer(·|y_<t) ‖ p_other(·|y_<t))]`, the Rao-Blackwellised estimator (Amini, Vieira and Cotterell, 2025,
/// arXiv:2504.10637).
///
/// Unbiased, never below 0, and never of higher variance than [`SampledLogps::k1`] of the same texts. `token_kls` has a list
/// for each text with the divergence of the two next-token distributions, over the whole vocabulary, at each of its
/// tokens, the end-of-text token included.
///
/// ```
/// let kl = align_metrics::rao_blackwell_kl(&[vec![0.1, 0.2], vec![0.5]], None)?;
/// assert!((kl.value - 0.4).abs() < 1e-12);
/// # Ok::<(), align_metrics::Error>(())
/// ```
///
/// # Errors
/// Fewer than two texts or clusters, clusters of another number of texts, or a divergence that is not finite or below 0 by
/// more than rounding; the row is that of its text.
pub fn rao_blackwell_kl<T: AsRef<[f64]>>(token_kls: &[T], clusters: Option<&Clusters>) -> Result<SampleMean> {
    for (at, kls) in token_kls.iter().enumerate() {
        if let Some(value) = kls.as_ref().iter().find(|kl| !(kl.is_finite() && **kl >= -ROUNDING)) {
            let (what, expected) = ("divergence at a token", "finite and at least 0");
            return Err(Error::Value { what, row: at + 1, value: *value, expected });
        }
    }
    let sums: Vec<f64> = token_kls.iter().map(|kls| Sum::of(kls.as_ref().iter().copied())).collect();
    SampleMean::of(&sums, clusters)
}
