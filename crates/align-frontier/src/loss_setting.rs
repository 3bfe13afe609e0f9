use crate::error::option_error;
use crate::{Error, Result};
use align_losses::LossType;
use align_train::{DpoConfig, FDivergenceType, RunConfig, nearest_name};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The label smoothing of exo_pair, which requires one: ε in its paper (arXiv:2402.00856).
const EXO_LABEL_SMOOTHING: f64 = 1e-3;

/// A loss and the f-divergence of its regularisation, written `sigmoid` or `sigmoid+js_divergence`.
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
    /// The training configuration of this loss with `beta`; all other options are taken from `base`.
    ///
    /// # Errors
    /// When the loss does not accept the beta or the divergence.
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

    /// Whether rewards are divided by the completion length, so that beta has another scale.
    #[must_use]
    pub fn is_length_normalised(&self) -> bool {
        self.loss_type.info().length_normalised
    }
}

impl FromStr for LossSetting {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (loss, divergence) = text.split_once('+').map_or((text, None), |(loss, other)| (loss, Some(other)));
        let loss_type = parse_name(loss).map_err(|problem| option_error("losses", problem))?;
        let divergence = divergence.map(parse_name).transpose().map_err(|problem| option_error("losses", problem))?;
        let setting = Self { loss_type, divergence: divergence.unwrap_or_default() };
        // A divergence that the loss would ignore is rejected here, before a folder is created.
        setting.config(DpoConfig::default().beta, &DpoConfig::default())?;
        Ok(setting)
    }
}

/// Parses a name with serde. The error lists the valid names.
fn parse_name<T: for<'de> Deserialize<'de>>(name: &str) -> std::result::Result<T, String> {
    serde_json::from_value(name.into()).map_err(|problem| {
        // Serde lists the names in backticks after the unknown one.
        let problem = problem.to_string();
        let known: Vec<&str> = problem.split('`').skip(3).step_by(2).collect();
        let meant = nearest_name(name, known.iter().copied());
        let hint = meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"));
        format!("{name:?} is not one of {}{hint}", known.join(", "))
    })
}

/// The name in serde's format.
fn serde_name(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

impl fmt::Display for LossSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.loss_type)?;
        match self.divergence {
            FDivergenceType::ReverseKl => Ok(()),
            other => write!(f, "+{}", serde_name(other)),
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
