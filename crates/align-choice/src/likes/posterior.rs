use super::curve::{Curve, LogDensity};
use super::{Evidence, LikesError, Prior};

/// How much a text is liked, given its counts: a beta distribution of its share of likes, or a gamma distribution of its rate of likes.
///
/// ```
/// use align_choice::likes::{Evidence, Posterior, Prior};
///
/// let prior = Prior::Beta { alpha: 1.0, beta: 9.0 };
/// let of = |likes, trials| Posterior::new(&prior, &Evidence::OutOf { likes, trials });
/// // More likes, but a smaller share of the views.
/// let (seen_often, seen_rarely) = (of(50.0, 1000.0)?, of(20.0, 100.0)?);
/// assert!(seen_often.probability_above(&seen_rarely)? < 0.001);
/// let (low, high) = seen_rarely.credible_bounds(0.9)?;
/// assert!(low < seen_rarely.mean() && seen_rarely.mean() < high);
/// # Ok::<(), align_choice::likes::LikesError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Posterior {
    shape: Shape,
    curve: Curve,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Beta { alpha: f64, beta: f64 },
    Gamma { shape: f64, rate: f64 },
}

impl Posterior {
    /// The posterior of a text.
    ///
    /// # Errors
    /// A prior of another kind than the evidence, or with invalid parameters; more likes than trials; counts or an exposure that are negative or
    /// not finite.
    pub fn new(prior: &Prior, evidence: &Evidence) -> Result<Self, LikesError> {
        prior.check()?;
        let is_count = |count: f64| count.is_finite() && count >= 0.0;
        let shape = match (*prior, *evidence) {
            (
                Prior::Beta { .. } | Prior::Gamma { .. },
                Evidence::OutOf { likes, .. } | Evidence::During { likes, .. },
            ) if !is_count(likes) => {
                return Err(LikesError::Count { name: "likes", found: likes });
            }
            (Prior::Beta { alpha, beta }, Evidence::OutOf { likes, trials }) => {
                match likes <= trials && is_count(trials) {
                    true => Shape::Beta { alpha: alpha + likes, beta: beta + (trials - likes) },
                    false => return Err(LikesError::LikesAboveViews { likes, views: trials }),
                }
            }
            (Prior::Gamma { shape, rate }, Evidence::During { likes, exposure }) => match is_count(exposure) {
                true => Shape::Gamma { shape: shape + likes, rate: rate + exposure },
                false => return Err(LikesError::Exposure(exposure)),
            },
            (Prior::Gamma { .. }, Evidence::OutOf { .. }) => {
                return Err(LikesError::PriorKind { prior: "gamma", evidence: "out of trials", needed: "beta" });
            }
            (Prior::Beta { .. }, Evidence::During { .. }) => {
                return Err(LikesError::PriorKind { prior: "beta", evidence: "during an exposure", needed: "gamma" });
            }
        };
        Ok(Self { shape, curve: shape.curve() })
    }

    /// The mean share or rate.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match self.shape {
            Shape::Beta { alpha, beta } => alpha / (alpha + beta),
            Shape::Gamma { shape, rate } => shape / rate,
        }
    }

    /// The share or rate below which it lies with this probability, which is between 0 and 1.
    ///
    /// # Errors
    /// A probability that is not between 0 and 1.
    pub fn quantile(&self, probability: f64) -> Result<f64, LikesError> {
        if !(probability > 0.0 && probability < 1.0) {
            let expected = "a number between 0 and 1";
            return Err(LikesError::Option { option: "probability", expected, found: probability.to_string() });
        }
        let u = self.curve.quantile(probability);
        Ok(match self.shape {
            Shape::Beta { .. } => 1.0 / (1.0 + (-u).exp()),
            Shape::Gamma { .. } => u.exp(),
        })
    }

    /// The bounds of the equal-tailed credible interval: with a level of 0.9, each side has a probability of 0.05.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn credible_bounds(&self, level: f64) -> Result<(f64, f64), LikesError> {
        if !(level > 0.0 && level < 1.0) {
            let expected = "a number between 0 and 1";
            return Err(LikesError::Option { option: "credible_level", expected, found: level.to_string() });
        }
        let tail = (1.0 - level) / 2.0;
        Ok((self.quantile(tail)?, self.quantile(1.0 - tail)?))
    }

    /// The probability that this text is liked more than another. The error is below 1e-6.
    ///
    /// # Errors
    /// One posterior is of a share and the other of a rate.
    pub fn probability_above(&self, other: &Self) -> Result<f64, LikesError> {
        match (self.shape, other.shape) {
            (Shape::Beta { .. }, Shape::Beta { .. }) | (Shape::Gamma { .. }, Shape::Gamma { .. }) => {}
            _ => return Err(LikesError::DifferentMeasures),
        }
        // The nodes are those of the narrower distribution; a narrow step between the nodes of a wide one would be missed. One order for both
        // directions makes their sum exactly 1.
        Ok(match self.order(other) {
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => self.curve.mean_of(|u| other.curve.below(u)).clamp(0.0, 1.0),
            std::cmp::Ordering::Greater => 1.0 - other.curve.mean_of(|u| self.curve.below(u)).clamp(0.0, 1.0),
        })
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |one: &Self| {
            let (first, second) = one.shape.parameters();
            [one.curve.width, one.curve.centre, first, second]
        };
        let (own, others) = (key(self), key(other));
        let mut orders = own.iter().zip(&others).map(|(a, b)| a.total_cmp(b));
        orders.find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    }
}

impl Shape {
    fn parameters(self) -> (f64, f64) {
        match self {
            Self::Beta { alpha, beta } => (alpha, beta),
            Self::Gamma { shape, rate } => (shape, rate),
        }
    }

    /// The centre is the mode of `u`, and the width is the standard deviation of the normal distribution that has the same curvature there. If
    /// a parameter is below 1, the mode is far in the tail, and the place where the density falls off takes its place.
    fn curve(self) -> Curve {
        match self {
            Self::Beta { alpha, beta } => {
                let (a, b) = (alpha.max(1.0), beta.max(1.0));
                let share = LogOdds { alpha, beta, centre_share: a / (a + b), centre_rest: b / (a + b) };
                Curve::new((a / b).ln(), (1.0 / a + 1.0 / b).sqrt(), &share)
            }
            Self::Gamma { shape, rate } => {
                let a = shape.max(1.0);
                Curve::new((a / rate).ln(), a.recip().sqrt(), &LogRate { shape, centre_shape: a })
            }
        }
    }
}

/// The log-odds of a beta distribution: density proportional to `x^alpha (1 - x)^beta`.
struct LogOdds {
    alpha: f64,
    beta: f64,
    centre_share: f64,
    centre_rest: f64,
}

impl LogDensity for LogOdds {
    fn log_density(&self, distance: f64) -> f64 {
        // ln(1 - x) relative to the centre is -ln(1 - p + p e^distance). Each form is exact where the other cancels or overflows.
        let (p, q) = (self.centre_share, self.centre_rest);
        let log_rest = match distance {
            _ if distance > 1.0 => -(distance + (p + q * (-distance).exp()).ln()),
            _ => -(p * distance.exp_m1()).ln_1p(),
        };
        self.alpha * distance + (self.alpha + self.beta) * log_rest
    }

    fn slope(&self, distance: f64) -> f64 {
        // The odds at the distance, as x / (1 - x) with the larger of both finite.
        let (p, q) = (self.centre_share, self.centre_rest);
        let (share, rest) = match distance {
            _ if distance > 0.0 => (p, q * (-distance).exp()),
            _ => (p * distance.exp(), q),
        };
        (self.alpha * rest - self.beta * share) / (share + rest)
    }
}

/// The logarithm of a gamma distribution: density proportional to `x^shape e^(-rate x)`.
struct LogRate {
    shape: f64,
    /// The rate times the value at the centre.
    centre_shape: f64,
}

impl LogDensity for LogRate {
    fn log_density(&self, distance: f64) -> f64 {
        self.shape * distance - self.centre_shape * distance.exp_m1()
    }

    fn slope(&self, distance: f64) -> f64 {
        self.shape - self.centre_shape * distance.exp()
    }
}
