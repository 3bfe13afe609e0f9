use crate::error::refusal;
use crate::{Error, Result};
use align_losses::LossType;
use align_train::{DpoConfig, FDivergenceType, RunConfig};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The share of wrong labels that exo_pair is given, which needs one: its paper's ε (arXiv:2402.00856).
const EXO_LABEL_SMOOTHING: f64 = 1e-3;

/// A loss with the divergence that keeps the policy near the reference, written `sigmoid` or `sigmoid+js_divergence`.
///
/// ```
/// let setting: align_frontier::LossSetting = "sigmoid+js_divergence".parse()?;
/// assert_eq!(setting.to_string(), "sigmoid+js_divergence");
/// # Ok::<(), align_frontier::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LossSetting {
    loss_type: LossType,
    divergence: FDivergenceType,
}

impl LossSetting {
    /// The run of this loss with `beta`, all else as in `base`.
    ///
    /// # Errors
    /// A beta or a divergence that the loss does not take.
    pub fn config(&self, beta: f64, base: &DpoConfig) -> Result<DpoConfig> {
        let smoothing = if self.loss_type == LossType::ExoPair { EXO_LABEL_SMOOTHING } else { base.label_smoothing };
        let config = DpoConfig {
            loss_type: vec![self.loss_type],
            beta,
            f_divergence_type: self.divergence,
            label_smoothing: smoothing,
            ..base.clone()
        };
        config.validate()?;
        Ok(config)
    }

    /// Whether scores are divided by completions' lengths, so that a beta means less than elsewhere.
    #[must_use]
    pub fn is_length_normalised(&self) -> bool {
        self.loss_type.info().length_normalised
    }
}

impl FromStr for LossSetting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (loss, divergence) = text.split_once('+').map_or((text, None), |(loss, other)| (loss, Some(other)));
        let loss_type = named(loss).map_err(|problem| refusal("losses", problem))?;
        let divergence = divergence.map(named).transpose().map_err(|problem| refusal("losses", problem))?;
        let setting = Self { loss_type, divergence: divergence.unwrap_or_default() };
        // A divergence that the loss would ignore is refused here, before a folder is made.
        setting.config(DpoConfig::default().beta, &DpoConfig::default())?;
        Ok(setting)
    }
}

/// A name as serde knows it, or the names that it knows.
fn named<T: for<'de> Deserialize<'de>>(name: &str) -> std::result::Result<T, String> {
    serde_json::from_value(name.into()).map_err(|problem| problem.to_string())
}

/// The name that serde gives.
fn name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Display for LossSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.loss_type)?;
        match self.divergence {
            FDivergenceType::ReverseKl => Ok(()),
            other => write!(f, "+{}", name(other)),
        }
    }
}

impl TryFrom<String> for LossSetting {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<LossSetting> for String {
    fn from(setting: LossSetting) -> Self {
        setting.to_string()
    }
}
