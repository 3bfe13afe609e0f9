use crate::reward_function::yes_or_no;
use crate::{Error, Result, RewardFunction, RewardInput};
use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take.
const MAX_BYTES: usize = 16 << 20;

/// Which part of a completion a pattern has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegexMatch {
    /// Any part.
    Part,
    /// The whole completion.
    Whole,
}

/// 1 for completions that a regular expression matches, otherwise 0. The time is linear in the length of the completion.
///
/// The syntax is that of the crate `regex`: no look-around and no references to groups. `(?s)` lets `.` match line ends.
///
/// ```
/// use align_rewards::{RegexMatch, RegexReward, RewardFunction, RewardInput};
/// let mut digits = RegexReward::new("digits", "[0-9]+", RegexMatch::Whole)?;
/// let inputs = ["42", "about 42"].map(|completion| RewardInput::new("How many?", completion));
/// assert_eq!(digits.rewards(&inputs)?, [Some(1.0), Some(0.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RegexReward {
    name: String,
    pattern: Regex,
}

impl RegexReward {
    /// Creates the function.
    ///
    /// # Errors
    /// A pattern that is no regular expression, or too large.
    pub fn new(name: &str, pattern: &str, part: RegexMatch) -> Result<Self> {
        let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(MAX_BYTES).dfa_size_limit(MAX_BYTES).build();
        // The pattern alone is compiled first, so that messages show what the user wrote.
        let whole = match (build(pattern), part) {
            (Ok(pattern), RegexMatch::Part) => Ok(pattern),
            (Ok(_), RegexMatch::Whole) => build(&format!(r"\A(?:{pattern})\z")),
            (Err(problem), _) => Err(problem),
        };
        let pattern = whole.map_err(|problem| Error::Spec { spec: name.to_owned(), reason: problem.to_string() })?;
        Ok(Self { name: name.to_owned(), pattern })
    }
}

impl RewardFunction for RegexReward {
    fn name(&self) -> &str {
        &self.name
    }

    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        Ok(yes_or_no(inputs, |completion| self.pattern.is_match(completion)))
    }
}
