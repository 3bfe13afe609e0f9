use super::require;
use crate::Result;
use align_losses::FDivergence;
use serde::{Deserialize, Serialize};

/// The f-divergence between policy and reference that the loss penalises, under TRL's names. The coefficient of the alpha divergence is a
/// separate option, `f_alpha_divergence_coef`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum FDivergenceType {
    /// Reverse KL divergence from the reference: standard DPO.
    #[default]
    ReverseKl,
    /// Forward KL divergence, from the policy to the reference.
    ForwardKl,
    /// Jensen-Shannon divergence.
    JsDivergence,
    /// Alpha divergence, with a coefficient.
    AlphaDivergence,
    /// Sum of chi-squared and reverse KL divergence: chi-squared preference optimisation (arXiv:2407.13399).
    ChiSquared,
}

/// TRL's default coefficient of the alpha divergence.
const DEFAULT_ALPHA_COEFFICIENT: f64 = 0.5;

impl FDivergenceType {
    /// The divergence; `coefficient` is that of the alpha divergence.
    pub(super) fn to_divergence(self, coefficient: Option<f64>) -> Result<FDivergence> {
        require("f_alpha_divergence_coef", self == Self::AlphaDivergence || coefficient.is_none(), || {
            "has no effect unless f_divergence_type is alpha_divergence".into()
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
