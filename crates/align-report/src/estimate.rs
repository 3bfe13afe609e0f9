use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// A number with its confidence interval, where it has one.
///
/// What `align-metrics` writes as an estimate reads as one of these.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number.
    pub value: f64,
    /// Its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// An interval. It need not hold the number that it is of: some bootstrap intervals do not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end, not below the lower one.
    pub high: f64,
}

/// Beyond this a number's distance from another one may not be a number any more.
const LARGEST: f64 = 1e100;

impl Estimate {
    /// A number without an interval.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self { value, interval: None }
    }

    /// A number with the interval from `low` to `high`.
    #[must_use]
    pub fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value, interval: Some(Interval { low, high }) }
    }

    /// The lowest of the number and its interval.
    pub(crate) fn lowest(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.low.min(self.value))
    }

    /// The highest of the number and its interval.
    pub(crate) fn highest(&self) -> f64 {
        self.interval.map_or(self.value, |interval| interval.high.max(self.value))
    }

    /// Whether all of it can be drawn.
    ///
    /// # Errors
    /// Names `place` and `name` of a number that is not finite, and of an interval whose ends are the wrong way round.
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

/// Whether a number can be drawn: one that is finite, and not so large that differences overflow.
pub(crate) fn check_number(value: f64, place: impl Fn() -> String, name: &str) -> Result<()> {
    if value.is_finite() && value.abs() <= LARGEST {
        return Ok(());
    }
    let expected = "a finite number of at most 1e100";
    Err(Error::Number { place: place(), name: name.to_owned(), expected, found: value })
}
