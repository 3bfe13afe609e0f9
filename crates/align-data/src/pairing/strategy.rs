use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the texts of a prompt are paired.
///
/// The text form, used in configs and by `FromStr`, is `random`, `best-worst`, `margin` or `margin=0.5`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PairStrategy {
    /// Draws two different rows at random for each pair, as the notebook does. A pair may be drawn more than once.
    Random,
    /// Pairs the best text with the worst, the second best with the second worst, and so on.
    BestWorst,
    /// Makes all pairs whose scores differ by more than the margin. If `pairs_per_prompt` is set, draws that many of
    /// them at random.
    MarginAbove {
        /// The score difference that a pair must exceed; 0 allows every pair with different scores.
        margin: f64,
    },
}

impl FromStr for PairStrategy {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let unknown = || Error::Option {
            option: "strategy",
            expected: "random, best-worst, margin, or margin=NUMBER".to_owned(),
            found: format!("{name:?}"),
        };
        match name.split_once('=') {
            None => match name {
                "random" => Ok(Self::Random),
                "best-worst" => Ok(Self::BestWorst),
                "margin" => Ok(Self::MarginAbove { margin: 0.0 }),
                _ => Err(unknown()),
            },
            Some(("margin", margin)) => {
                let strategy = Self::MarginAbove { margin: margin.parse().map_err(|_| unknown())? };
                strategy.validate()?;
                Ok(strategy)
            }
            Some(_) => Err(unknown()),
        }
    }
}

impl fmt::Display for PairStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::BestWorst => f.write_str("best-worst"),
            Self::MarginAbove { margin } => write!(f, "margin={margin}"),
        }
    }
}

impl TryFrom<String> for PairStrategy {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}

impl From<PairStrategy> for String {
    fn from(strategy: PairStrategy) -> Self {
        strategy.to_string()
    }
}

impl PairStrategy {
    /// The default number of pairs per prompt: 50 random pairs (the notebook's number), one best-worst pair, or all
    /// pairs above the margin.
    pub fn default_pairs_per_prompt(self) -> Option<usize> {
        match self {
            Self::Random => Some(50),
            Self::BestWorst => Some(1),
            Self::MarginAbove { .. } => None,
        }
    }

    fn validate(self) -> Result<()> {
        match self {
            Self::MarginAbove { margin } if !(margin.is_finite() && margin >= 0.0) => Err(Error::Option {
                option: "margin",
                expected: "a finite number of at least 0".to_owned(),
                found: margin.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

/// Options of [`pair`](super::pair).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairOptions {
    /// How texts are paired.
    pub strategy: PairStrategy,
    /// The number of pairs per prompt; `None` for the strategy's default ([`PairStrategy::default_pairs_per_prompt`]).
    #[serde(default)]
    pub pairs_per_prompt: Option<usize>,
    /// The random seed; [`PairStrategy::BestWorst`] does not use it.
    #[serde(default)]
    pub seed: u64,
}

impl PairOptions {
    /// Options with the strategy's default number of pairs and seed 0.
    pub fn new(strategy: PairStrategy) -> Self {
        Self { strategy, pairs_per_prompt: None, seed: 0 }
    }

    /// Checks the options.
    ///
    /// # Errors
    /// When the margin is negative or not finite, or `pairs_per_prompt` is 0.
    pub fn validate(&self) -> Result<()> {
        if self.pairs_per_prompt == Some(0) {
            return Err(Error::Option {
                option: "pairs_per_prompt",
                expected: "at least 1".to_owned(),
                found: "0".to_owned(),
            });
        }
        self.strategy.validate()
    }

    pub(crate) fn pairs_wanted(&self) -> Option<usize> {
        self.pairs_per_prompt.or(self.strategy.default_pairs_per_prompt())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_read_back_as_written() {
        for strategy in [
            PairStrategy::Random,
            PairStrategy::BestWorst,
            PairStrategy::MarginAbove { margin: 0.0 },
            PairStrategy::MarginAbove { margin: 0.1 },
            PairStrategy::MarginAbove { margin: 1e-300 },
        ] {
            assert_eq!(strategy.to_string().parse::<PairStrategy>().unwrap(), strategy);
            let json = serde_json::to_string(&strategy).unwrap();
            assert_eq!(serde_json::from_str::<PairStrategy>(&json).unwrap(), strategy);
        }
        assert_eq!("margin".parse::<PairStrategy>().unwrap(), PairStrategy::MarginAbove { margin: 0.0 });
    }

    #[test]
    fn invalid_names_and_values_are_rejected() {
        for wrong in ["", "Random", "best", "random=1", "margin=", "margin=-1", "margin=NaN", "margin=inf"] {
            assert!(wrong.parse::<PairStrategy>().is_err(), "{wrong:?}");
        }
        let options = PairOptions { pairs_per_prompt: Some(0), ..PairOptions::new(PairStrategy::Random) };
        assert!(options.validate().unwrap_err().to_string().contains("pairs_per_prompt"));
        let options = PairOptions::new(PairStrategy::MarginAbove { margin: f64::NAN });
        assert!(options.validate().unwrap_err().to_string().contains("margin"));
    }
}
