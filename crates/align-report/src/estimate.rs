use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A number with an optional 95% confidence interval.
///
/// Deserialises from the estimates of `align-metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its 95% interval. Pages show it as `± half-width` if it is symmetric, else by its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// An interval. It need not contain the estimate: some bootstrap intervals do not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end, not below the lower one.
    pub high: f64,
}

/// Differences of larger numbers may overflow.
const MAX_MAGNITUDE: f64 = 1e100;

impl Estimate {
    /// A number without an interval.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, interval: None }
    }

    /// A number with an interval from `low` to `high`.
    #[must_use]
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, interval: Some(Interval { low, high }) }
    }

    /// The minimum of the number and its interval.
    pub(crate) fn lowest(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.low.min(self.value))
    }

    /// The maximum of the number and its interval.
    pub(crate) fn highest(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.high.max(self.value))
    }

    /// Checks that the number and its interval can be drawn.
    ///
    /// # Errors
    /// When a number is not finite, or the ends of the interval are swapped. `place` and `name` describe the number in
    /// the error.
    pub(crate) fn check(&self, place: impl Fn() -> String, name: &str) -> Result<()> {
        check_number(self.value, &place, name)?;
        let Some(Interval { low, high }) = self.interval else { return Ok(()) };
        check_number(low, &place, &format!("lower end of {name}"))?;
        check_number(high, &place, &format!("upper end of {name}"))?;
        if low > high {
            return Err(Error::Interval { place: place(), name: name.to_owned(), low, high });
        }
        Ok(())
    }
}

/// Checks that a number is finite and not so large that differences overflow.
pub(crate) fn check_number(value: f64, place: impl Fn() -> String, name: &str) -> Result<()> {
    if value.is_finite() && value.abs() <= MAX_MAGNITUDE {
        return Ok(());
    }
    let expected = "a finite number of at most 1e100";
    Err(Error::Number { place: place(), name: name.to_owned(), expected, found: value })
}
