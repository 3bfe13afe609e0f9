use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;
use std::str::FromStr;

/// A value for each round: several values are spread evenly over the rounds.
///
/// ```
/// use align_online::Schedule;
/// let temperature: Schedule<f64> = "1.2,1.0".parse().unwrap();
/// let of_rounds: Vec<f64> = (0..4).map(|round| temperature.at(round, 4)).collect();
/// assert_eq!(of_rounds, [1.2, 1.2, 1.0, 1.0]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule<T>(Vec<T>);

impl<T: Copy + Default> Schedule<T> {
    /// The same value in all rounds.
    #[must_use]
    pub fn constant(value: T) -> Self {
        Self(vec![value])
    }

    /// The values, in the order of the rounds.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.0
    }

    /// The value in a round, counted from 0, of `rounds`. Later rounds have the last value.
    #[must_use]
    pub fn at(&self, round: u64, rounds: u64) -> T {
        let place = u128::from(round) * self.0.len() as u128 / u128::from(rounds.max(1));
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.0.get(place).or(self.0.last()).copied().unwrap_or_default()
    }
}

impl<T: FromStr<Err: fmt::Display>> FromStr for Schedule<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = |part: &str| {
            part.trim().parse().map_err(|e| format!("{part:?} is not a number ({e}): give one, or several with commas"))
        };
        text.split(',').map(value).collect::<Result<Vec<T>, String>>().map(Self)
    }
}

impl<T: fmt::Display> fmt::Display for Schedule<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, value) in self.0.iter().enumerate() {
            write!(f, "{}{value}", if place > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl<T: fmt::Display> Serialize for Schedule<T> {
    /// As text, like on the command line.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Schedule<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
