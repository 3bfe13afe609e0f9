use super::require;
use crate::Result;
use align_losses::FDivergence;
use serde::{Deserialize, Serialize};

/// The divergence that keeps the policy near the reference, under TRL's names; alpha's coefficient is an option of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FDivergenceType {
    /// `D_KL(π ‖ π_ref)`: standard DPO.
    #[default]
    ReverseKl,
    /// `D_KL(π_ref ‖ π)`.
    ForwardKl,
    /// Jensen-Shannon.
    JsDivergence,
    /// Alpha, with `f_alpha_divergence_coef`.
    AlphaDivergence,
    /// Chi-squared and reverse KL together: chi-squared preference optimisation.
    ChiSquared,
}

/// TRL's coefficient of the alpha divergence where none is given.
const DEFAULT_ALPHA_COEFFICIENT: f64 = 0.5;

impl FDivergenceType {
    /// The divergence, alpha's with `coefficient`.
    pub(super) fn with_coefficient(self, coefficient: Option<f64>) -> Result<FDivergence> {
        require("f_alpha_divergence_coef", self == Self::AlphaDivergence || coefficient.is_none(), || {
            "has an effect with f_divergence_type alpha_divergence only".into()
        })?;
        Ok(match self {
            Self::ReverseKl => FDivergence::ReverseKl,
            Self::ForwardKl => FDivergence::ForwardKl,
            Self::JsDivergence => FDivergence::JsDivergence,
            Self::AlphaDivergence => FDivergence::alpha(coefficient.unwrap_or(DEFAULT_ALPHA_COEFFICIENT))?,
            Self::ChiSquared => FDivergence::ChiSquared,
        })
    }
}
