use serde::{Deserialize, Serialize};

/// How an axis maps numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Equal differences have equal lengths.
    #[default]
    Linear,
    /// Equal differences of square roots have equal lengths, those of numbers below 0 mirrored: for divergences, which grow with the
    /// square of the distance, and of which the small ones are of as much interest as the large.
    Sqrt,
    /// Equal ratios have equal lengths: numbers must be above 0.
    Log,
}

/// An axis of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// What it shows, with its unit: `KL divergence (nats)`.
    pub title: String,
    /// How it maps numbers.
    #[serde(default)]
    pub scale: Scale,
}

impl Axis {
    /// An axis on which equal differences have equal lengths.
    #[must_use]
    pub fn linear(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Linear }
    }

    /// An axis on which equal differences of square roots have equal lengths.
    #[must_use]
    pub fn sqrt(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Sqrt }
    }

    /// An axis on which equal ratios have equal lengths.
    #[must_use]
    pub fn log(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Log }
    }
}

/// What is smaller is 0 on an axis, and has no place on a logarithmic one.
pub(crate) const SMALLEST: f64 = 1e-100;

/// The numbers that an axis covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// From the lowest to the highest of the numbers, those left out that a logarithmic axis has no place for.
    pub(crate) fn of(scale: Scale, numbers: impl Iterator<Item = f64>) -> Self {
        let placed = numbers.filter(|number| scale != Scale::Log || *number >= SMALLEST);
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (1.0, 1.0) };
        let largest = low.abs().max(high.abs());
        match scale {
            Scale::Log if high / low < 1.0 + 1e-6 => Self { scale, low: low / 2.0, high: high * 2.0 },
            // So close together that ticks between them would not differ.
            Scale::Linear | Scale::Sqrt if high - low <= (1e-9 * largest).max(SMALLEST) => {
                let apart = if largest <= SMALLEST { 1.0 } else { largest / 10.0 };
                Self { scale, low: low - apart, high: high + apart }
            }
            _ => Self { scale, low, high },
        }
    }

    /// From 0 where it begins just above: steps are counted from 1.
    pub(crate) fn down_to_zero(self) -> Self {
        let is_near = self.scale == Scale::Linear && (0.0..=0.05 * self.high).contains(&self.low);
        if is_near { Self { low: 0.0, ..self } } else { self }
    }

    /// Longer at both ends by a share of its length.
    pub(crate) fn padded(self, low: f64, high: f64) -> Self {
        let at = |share| self.at(share);
        Self { low: at(-low), high: at(1.0 + high), ..self }
    }

    /// How far along a number is: 0 at the low end, 1 at the high end; infinitely far below where there is no place for
    /// it.
    pub(crate) fn share(&self, number: f64) -> f64 {
        match self.scale {
            Scale::Linear => (number - self.low) / (self.high - self.low),
            Scale::Sqrt => (root(number) - root(self.low)) / (root(self.high) - root(self.low)),
            Scale::Log if number < SMALLEST => f64::NEG_INFINITY,
            Scale::Log => (number / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// The number so far along.
    pub(crate) fn at(&self, share: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.low + share * (self.high - self.low),
            Scale::Sqrt => {
                let root = root(self.low) + share * (root(self.high) - root(self.low));
                root * root.abs()
            }
            Scale::Log => self.low * (self.high / self.low).powf(share),
        }
    }
}

/// The square root, mirrored below 0.
fn root(number: f64) -> f64 {
    number.abs().sqrt().copysign(number)
}
