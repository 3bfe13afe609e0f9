use serde::{Deserialize, Serialize};

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Linear.
    #[default]
    Linear,
    /// Square root, mirrored for negative numbers. It suits divergences, which grow with the square of the distance and
    /// are interesting also when they are small.
    Sqrt,
    /// Logarithmic. All numbers must be positive.
    Log,
}

/// An axis of a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Axis {
    /// The title with the unit: `KL divergence (nats)`.
    pub title: String,
    /// The scale.
    #[serde(default)]
    pub scale: Scale,
}

impl Axis {
    /// An axis with a linear scale.
    #[must_use]
    pub fn linear(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Linear }
    }

    /// An axis with a square-root scale.
    #[must_use]
    pub fn sqrt(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Sqrt }
    }

    /// An axis with a logarithmic scale.
    #[must_use]
    pub fn log(title: impl Into<String>) -> Self {
        Self { title: title.into(), scale: Scale::Log }
    }
}

/// Smaller numbers are drawn as 0, and do not fit on a logarithmic axis.
pub(crate) const MIN_MAGNITUDE: f64 = 1e-100;

/// The range of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Range {
    pub scale: Scale,
    pub low: f64,
    pub high: f64,
}

impl Range {
    /// The range from the lowest to the highest number. Numbers that do not fit on a logarithmic axis are ignored.
    pub(crate) fn of(scale: Scale, numbers: impl Iterator<Item = f64>) -> Self {
        let placed = numbers.filter(|number| scale != Scale::Log || *number >= MIN_MAGNITUDE);
        let (low, high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (1.0, 1.0) };
        let largest = low.abs().max(high.abs());
        match scale {
            Scale::Log if high / low < 1.0 + 1e-6 => Self { scale, low: low / 2.0, high: high * 2.0 },
            // So close together that the tick labels would be equal.
            Scale::Linear | Scale::Sqrt if high - low <= (1e-9 * largest).max(MIN_MAGNITUDE) => {
                let apart = if largest <= MIN_MAGNITUDE { 1.0 } else { largest / 10.0 };
                Self { scale, low: low - apart, high: high + apart }
            }
            _ => Self { scale, low, high },
        }
    }

    /// Extends the range to 0 if it begins just above, because steps are counted from 1.
    pub(crate) fn down_to_zero(self) -> Self {
        let is_near = self.scale == Scale::Linear && (0.0..=0.05 * self.high).contains(&self.low);
        if is_near { Self { low: 0.0, ..self } } else { self }
    }

    /// Extends the range at both ends by a fraction of its length.
    pub(crate) fn padded(self, low: f64, high: f64) -> Self {
        let at = |fraction| self.at(fraction);
        Self { low: at(-low), high: at(1.0 + high), ..self }
    }

    /// The relative position of a number: 0 at the low end, 1 at the high end, and negative infinity if it does not fit
    /// on the scale.
    pub(crate) fn fraction(&self, number: f64) -> f64 {
        match self.scale {
            Scale::Linear => (number - self.low) / (self.high - self.low),
            Scale::Sqrt => (root(number) - root(self.low)) / (root(self.high) - root(self.low)),
            Scale::Log if number < MIN_MAGNITUDE => f64::NEG_INFINITY,
            Scale::Log => (number / self.low).ln() / (self.high / self.low).ln(),
        }
    }

    /// The number at a relative position.
    pub(crate) fn at(&self, fraction: f64) -> f64 {
        match self.scale {
            Scale::Linear => self.low + fraction * (self.high - self.low),
            Scale::Sqrt => {
                let root = root(self.low) + fraction * (root(self.high) - root(self.low));
                root * root.abs()
            }
            Scale::Log => self.low * (self.high / self.low).powf(fraction),
        }
    }
}

/// The square root, mirrored below 0.
fn root(number: f64) -> f64 {
    number.abs().sqrt().copysign(number)
}
