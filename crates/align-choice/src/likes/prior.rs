use super::{Evidence, LikesError};
use std::fmt::{Display, Formatter};

/// How much texts are liked before their own counts are known.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prior {
    /// A beta distribution of a share of likes.
    Beta {
        /// The likes that the prior counts as much as, above 0.
        alpha: f64,
        /// The trials without a like, above 0.
        beta: f64,
    },
    /// A gamma distribution of a rate of likes.
    Gamma {
        /// The likes that the prior counts as much as, above 0.
        shape: f64,
        /// The exposure, above 0.
        rate: f64,
    },
}

/// The range of a prior's parameters.
const PARAMETERS: std::ops::RangeInclusive<f64> = 1e-6..=1e12;

impl Prior {
    /// A prior of the kind that the evidence needs.
    ///
    /// # Errors
    /// A parameter that is not between 1e-6 and 1e12.
    pub fn new(evidence: &Evidence, first: f64, second: f64) -> Result<Self, LikesError> {
        let prior = match evidence {
            Evidence::OutOf { .. } => Self::Beta { alpha: first, beta: second },
            Evidence::During { .. } => Self::Gamma { shape: first, rate: second },
        };
        prior.check().map(|()| prior)
    }

    pub(super) fn check(&self) -> Result<(), LikesError> {
        let (first, second) = self.parameters();
        let expected = "two numbers from 1e-6 to 1e12";
        match PARAMETERS.contains(&first) && PARAMETERS.contains(&second) {
            true => Ok(()),
            false => Err(LikesError::Option { option: "prior", expected, found: format!("{first},{second}") }),
        }
    }

    fn parameters(&self) -> (f64, f64) {
        match *self {
            Self::Beta { alpha, beta } => (alpha, beta),
            Self::Gamma { shape, rate } => (shape, rate),
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Beta { alpha, beta } => alpha / (alpha + beta),
            Self::Gamma { shape, rate } => shape / rate,
        }
    }
}

impl Display for Prior {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let (first, second) = self.parameters();
        let kind = if matches!(self, Self::Beta { .. }) { "beta" } else { "gamma" };
        write!(f, "{kind}({first:.4}, {second:.4})")
    }
}
