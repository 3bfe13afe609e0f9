use crate::reward_function::yes_or_no;
use crate::{Error, Result, RewardFunction, RewardInput};

/// What the length of a text counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// Parts between white space.
    Words,
    /// Unicode scalar values.
    Characters,
}

impl LengthUnit {
    fn count(self, text: &str) -> usize {
        match self {
            Self::Words => text.split_whitespace().count(),
            Self::Characters => text.chars().count(),
        }
    }
}

/// 1 for completions whose length is in a range, otherwise 0.
///
/// ```
/// use align_rewards::{LengthReward, LengthUnit, RewardFunction, RewardInput};
/// let mut short = LengthReward::new("short", LengthUnit::Words, Some(1), Some(2))?;
/// let inputs = ["", "one two", "one two three"].map(|completion| RewardInput::new("Count.", completion));
/// assert_eq!(short.rewards(&inputs)?, [Some(0.0), Some(1.0), Some(0.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LengthReward {
    name: String,
    unit: LengthUnit,
    min: usize,
    max: usize,
}

impl LengthReward {
    /// Creates the function. Both ends of the range are in it; `None` is no limit.
    ///
    /// # Errors
    /// A range without lengths, or without limits.
    pub fn new(name: &str, unit: LengthUnit, min: Option<usize>, max: Option<usize>) -> Result<Self> {
        let fail = |reason: String| Err(Error::Spec { spec: name.to_owned(), reason });
        match (min, max) {
            (None, None) => fail("the range has no limit: give the smallest or the largest length".into()),
            (Some(min), Some(max)) if min > max => {
                fail(format!("no length is at least {min} and at most {max}: give the smaller number first"))
            }
            _ => Ok(Self { name: name.to_owned(), unit, min: min.unwrap_or(0), max: max.unwrap_or(usize::MAX) }),
        }
    }
}

impl RewardFunction for LengthReward {
    fn name(&self) -> &str {
        &self.name
    }

    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        Ok(yes_or_no(inputs, |completion| (self.min..=self.max).contains(&self.unit.count(completion))))
    }
}
