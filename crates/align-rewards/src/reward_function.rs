use crate::{Result, RewardInput};
use std::fmt;

/// A function that gives texts rewards.
///
/// ```
/// use align_rewards::{Result, RewardFunction, RewardInput};
///
/// /// 1 for completions that end with a full stop.
/// #[derive(Debug)]
/// struct FullStop;
///
/// impl RewardFunction for FullStop {
///     fn name(&self) -> &str {
///         "full-stop"
///     }
///
///     fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
///         Ok(inputs.iter().map(|input| Some(f64::from(u8::from(input.completion.ends_with('.'))))).collect())
///     }
/// }
/// assert_eq!(FullStop.rewards(&[RewardInput::new("Say it.", "Yes.")])?, [Some(1.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
pub trait RewardFunction: fmt::Debug + Send {
    /// The name in metrics and messages.
    fn name(&self) -> &str;

    /// The reward of each completion, a finite number; `None` if the function does not apply to it. Higher rewards are better.
    ///
    /// # Errors
    /// Rewards that cannot be computed.
    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>>;
}

/// The rewards of a function that says yes (1) or no (0) to each completion.
pub(crate) fn yes_or_no(inputs: &[RewardInput<'_>], accepts: impl Fn(&str) -> bool) -> Vec<Option<f64>> {
    inputs.iter().map(|input| Some(if accepts(input.completion) { 1.0 } else { 0.0 })).collect()
}
