//! The numbers that a preference pair may have of its own.

use serde::{Deserialize, Serialize};

/// A number of a preference pair that training can use. Each is a column of tables with its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairNumber {
    /// The probability that the chosen text is the better one, above 0 and at most 1.
    ChosenProbability,
    /// By how much the score of the chosen text is higher, above 0.
    Margin,
    /// The weight of the pair's loss, at least 0.
    Weight,
}

/// The numbers of a preference pair, as far as they are known.
///
/// ```
/// use align_data::{PairNumber, PairNumbers, PreferencePair};
/// let numbers = PairNumbers { weight: Some(2.0), ..PairNumbers::default() };
/// let pair = PreferencePair { numbers, ..PreferencePair::new("This movie", " was a joy.", " was dull.") };
/// assert_eq!(pair.numbers.get(PairNumber::Weight), Some(2.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct PairNumbers {
    /// The probability that the chosen text is the better one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_probability: Option<f64>,
    /// By how much the score of the chosen text is higher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The weight of the pair's loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

impl PairNumber {
    /// All numbers.
    pub const ALL: [Self; 3] = [Self::ChosenProbability, Self::Margin, Self::Weight];

    /// The name of the column.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChosenProbability => "chosen_probability",
            Self::Margin => "margin",
            Self::Weight => "weight",
        }
    }

    /// The option of training that uses the number.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::ChosenProbability => "soft_labels",
            Self::Margin => "odpo_alpha",
            Self::Weight => "row_weights",
        }
    }

    /// The valid values, for error messages.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::ChosenProbability => "a probability above 0 and at most 1",
            Self::Margin => "a number above 0, because its logarithm is taken",
            Self::Weight => "a weight of at least 0",
        }
    }

    /// Whether a value is in the number's range, also in float32, in which losses are computed.
    #[must_use]
    pub fn is_valid(self, value: f64) -> bool {
        let narrow = value as f32;
        narrow.is_finite()
            && match self {
                Self::ChosenProbability => narrow > 0.0 && value <= 1.0,
                Self::Margin => narrow > 0.0,
                Self::Weight => value >= 0.0,
            }
    }

    /// An invalid value, for error messages.
    #[must_use]
    pub fn found(value: f64) -> String {
        let narrow = value as f32;
        match value.is_finite() && (narrow.is_infinite() || (narrow == 0.0 && value != 0.0)) {
            true => format!("{value:e}, which is {narrow} in float32"),
            false => value.to_string(),
        }
    }

    /// The columns that have the number, for error messages.
    pub(crate) const fn columns(self) -> &'static str {
        match self {
            Self::ChosenProbability => "a column \"chosen_probability\" (align pair --likes and --aggregate write one)",
            Self::Margin => "a column \"margin\", or the columns \"chosen_score\" and \"rejected_score\"",
            Self::Weight => "a column \"weight\"",
        }
    }
}

impl PairNumbers {
    /// A number, if it is known.
    #[must_use]
    pub fn get(&self, number: PairNumber) -> Option<f64> {
        match number {
            PairNumber::ChosenProbability => self.chosen_probability,
            PairNumber::Margin => self.margin,
            PairNumber::Weight => self.weight,
        }
    }

    /// The numbers of a row, counted from 0, out of columns of numbers.
    pub(crate) fn of_row(columns: &[(PairNumber, Vec<Option<f64>>)], row: usize) -> Self {
        let mut numbers = Self::default();
        for (number, values) in columns {
            if let Some(value) = values.get(row).copied().flatten() {
                numbers.set(*number, value);
            }
        }
        numbers
    }

    /// The margin of two scores, if both are known.
    pub(crate) fn margin_of_scores(chosen: Option<f64>, rejected: Option<f64>) -> Option<f64> {
        Some(chosen? - rejected?)
    }

    /// Sets a number.
    pub(crate) fn set(&mut self, number: PairNumber, value: f64) {
        let place = match number {
            PairNumber::ChosenProbability => &mut self.chosen_probability,
            PairNumber::Margin => &mut self.margin,
            PairNumber::Weight => &mut self.weight,
        };
        *place = Some(value);
    }

    /// These numbers without those that are not `wanted`.
    #[must_use]
    pub fn only(self, wanted: &[PairNumber]) -> Self {
        let mut kept = Self::default();
        for number in wanted {
            if let Some(value) = self.get(*number) {
                kept.set(*number, value);
            }
        }
        kept
    }
}
