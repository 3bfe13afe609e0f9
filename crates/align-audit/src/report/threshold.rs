//! Thresholds from which an audit fails.

use super::AuditReport;
use crate::{Check, Error, Result};
use std::fmt;
use std::str::FromStr;

/// The largest share of rows, or of right predictions, that is accepted: `leakage`, `equal=0.01`, `duplicates=1%`.
///
/// ```
/// use align_audit::{Check, Threshold};
/// let threshold: Threshold = "duplicates=1%".parse()?;
/// assert_eq!((threshold.check, threshold.share), (Check::Duplicates, 0.01));
/// assert_eq!("leakage".parse::<Threshold>()?.share, 0.0);
/// assert!("leakage=2".parse::<Threshold>().is_err());
/// # Ok::<(), align_audit::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The check.
    pub check: Check,
    /// The share.
    pub share: f64,
}

/// A result above its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exceeded {
    /// The threshold.
    pub threshold: Threshold,
    /// The share that was found.
    pub found: f64,
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, share) = text.split_once('=').map_or((text, None), |(name, share)| (name, Some(share)));
        let check: Check = name.trim().parse()?;
        let Some(share) = share.map(str::trim) else {
            return Ok(Self { check, share: check.default_threshold() });
        };
        let parsed = match share.strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
            None => share.parse(),
        };
        match parsed {
            Ok(value) if (0.0..=1.0).contains(&value) => Ok(Self { check, share: value }),
            _ => Err(Error::Threshold { check, found: share.to_owned() }),
        }
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.check, self.share)
    }
}

impl AuditReport {
    /// The results above their thresholds. That of a prediction counts only if its 95% interval lies above 0.5.
    ///
    /// # Errors
    /// When a check with a threshold did not run.
    pub fn exceeded(&self, thresholds: &[Threshold]) -> Result<Vec<Exceeded>> {
        let mut exceeded = Vec::new();
        for &threshold in thresholds {
            let check = threshold.check;
            let rows = self.finding(check).map(|finding| (finding.share, true));
            let predicted = || self.prediction(check).map(|of| (of.accuracy, of.is_above_chance()));
            let Some((found, is_sure)) = rows.or_else(predicted) else {
                let why = self.not_checked.iter().find(|other| other.name == check).map(|other| other.why.clone());
                return Err(Error::NotChecked {
                    check,
                    why: why.unwrap_or_else(|| "the files have no rows for it".to_owned()),
                });
            };
            if is_sure && found > threshold.share {
                exceeded.push(Exceeded { threshold, found });
            }
        }
        Ok(exceeded)
    }
}
