use super::PolicyTokens;
use crate::{Over, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use tch::Tensor;

/// Whether the ratio of a completion's probability under the policy to that under the policy that generated it is one number per token
/// or per completion, under TRL's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ImportanceSamplingLevel {
    /// `r_t = π(y_t) / π_old(y_t)`.
    #[default]
    Token,
    /// `r = (π(y) / π_old(y))^(1/n)`, the geometric mean over the completion's tokens (GSPO, arXiv:2507.18071).
    Sequence,
}

impl ImportanceSamplingLevel {
    /// All levels.
    pub const ALL: [Self; 2] = [Self::Token, Self::Sequence];

    /// The name in configurations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Sequence => "sequence",
        }
    }
}

impl fmt::Display for ImportanceSamplingLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The ratios `(rows, seq)`, or `(rows, 1)` at the level of sequences.
#[derive(Debug)]
pub(super) struct Ratio {
    pub value: Tensor,
    level: ImportanceSamplingLevel,
}

impl Ratio {
    pub fn new(tokens: &PolicyTokens, level: ImportanceSamplingLevel) -> Result<Self> {
        let log_ratios = tokens.log_ratios()?;
        let log_ratio = match level {
            ImportanceSamplingLevel::Token => log_ratios,
            // Positions outside the mask have a log-ratio of 0.
            ImportanceSamplingLevel::Sequence => sum_of_row(&log_ratios)?.f_div(&tokens.lengths()?)?,
        };
        Ok(Self { value: log_ratio.f_exp()?, level })
    }

    /// What a ratio belongs to.
    pub fn over(&self) -> Over {
        match self.level {
            ImportanceSamplingLevel::Token => Over::Tokens,
            ImportanceSamplingLevel::Sequence => Over::Rows,
        }
    }

    /// The gradient of a loss with respect to the log-probabilities, `(rows, seq)`, from that with respect to the ratios, which is
    /// given for each token, `(rows, seq)`.
    pub fn backward(&self, tokens: &PolicyTokens, by_ratio: &Tensor) -> Result<Tensor> {
        match self.level {
            ImportanceSamplingLevel::Token => Ok(by_ratio.f_mul(&self.value)?),
            ImportanceSamplingLevel::Sequence => {
                let by_log_ratio = sum_of_row(by_ratio)?.f_mul(&self.value)?.f_div(&tokens.lengths()?)?;
                Ok(by_log_ratio.f_mul(&tokens.mask)?)
            }
        }
    }
}

/// `(rows, seq)` to `(rows, 1)`.
pub(super) fn sum_of_row(x: &Tensor) -> Result<Tensor> {
    Ok(x.f_sum_dim_intlist([1i64].as_slice(), true, x.kind())?)
}
