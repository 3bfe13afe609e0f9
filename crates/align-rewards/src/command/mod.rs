//! Rewards of a program, over JSON Lines.

mod answer;
mod child;
mod lines;
mod stderr_tail;

use crate::{Error, Result, RewardFunction, RewardInput};
use answer::parse_answer;
use child::{Child, Next};
use std::time::Duration;

/// How a [`CommandReward`] treats its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommandOptions {
    /// The longest time without an answer while the program has texts to answer.
    pub timeout: Duration,
}

impl Default for CommandOptions {
    /// A minute.
    fn default() -> Self {
        Self { timeout: Duration::from_secs(60) }
    }
}

/// The rewards that a program computes.
///
/// The program is started at the first text and serves all. It reads one [`RewardInput`] as a line of JSON for each text,
/// `{"prompt": …, "completion": …}`, with `messages` if the prompt is a conversation. It writes one line for each, in the same order: a number,
/// or `null` if it has no reward for the text. It may read several lines before it answers, but not wait for the end of its input: a batch
/// ends with a line, and the next one may come much later. What it writes to standard error is logged.
///
/// There is no shell, unless the program is one. The program gets no Ctrl-C from the terminal. It should end when its input
/// ends; when the function is dropped, it is killed after a second.
///
/// ```
/// use align_rewards::{CommandReward, RewardFunction, RewardInput};
/// // The program answers 1 to each line.
/// let arguments = ["-n".to_owned(), "-u".to_owned(), "s/.*/1/p".to_owned()];
/// let mut ones = CommandReward::new("ones", "sed", arguments, Default::default());
/// assert_eq!(ones.rewards(&[RewardInput::new("Count.", "one"), RewardInput::new("Count.", "two")])?, [Some(1.0), Some(1.0)]);
/// # Ok::<(), align_rewards::Error>(())
/// ```
#[derive(Debug)]
pub struct CommandReward {
    name: String,
    program: String,
    arguments: Vec<String>,
    options: CommandOptions,
    child: Option<Child>,
    /// How many texts the program has answered, for messages.
    answered: usize,
}

impl CommandReward {
    /// Creates the function, without starting the program. A program without a slash is looked for in `PATH`.
    pub fn new(
        name: &str,
        program: &str,
        arguments: impl IntoIterator<Item = String>,
        options: CommandOptions,
    ) -> Self {
        Self {
            name: name.to_owned(),
            program: program.to_owned(),
            arguments: arguments.into_iter().collect(),
            options,
            child: None,
            answered: 0,
        }
    }

    fn compute(&mut self, inputs: &[RewardInput<'_>]) -> std::result::Result<Vec<Option<f64>>, String> {
        let lines = inputs.iter().map(|input| serde_json::to_string(input).map(|line| line + "\n"));
        let lines: Vec<String> = lines.collect::<serde_json::Result<_>>().map_err(|problem| problem.to_string())?;
        let child = match &mut self.child {
            Some(child) => child,
            none => none.insert(Child::start(&self.program, &self.arguments, &self.name)?),
        };
        if child.has_unread_line() {
            return Err("it wrote more lines than it was given: write one line for each text".into());
        }
        let first = self.answered + 1;
        let (timeout, mut rewards) = (self.options.timeout, Vec::with_capacity(inputs.len()));
        child.exchange(&lines, |next| {
            let number = first + rewards.len();
            match next(timeout) {
                Next::Line(line) => rewards.push(parse_answer(&line).map_err(|problem| format!("answer {number} {problem}"))?),
                Next::TooLong(limit) => return Err(format!("answer {number} has more than {limit} bytes: write a number or null")),
                Next::Ended => return Err(format!("it ended before answer {number}")),
                Next::Unreadable(problem) => return Err(format!("answer {number} cannot be read: {problem}")),
                Next::Late => {
                    let seconds = timeout.as_secs_f64();
                    return Err(format!(
                        "no answer {number} within {seconds} s: write and flush one line for each text, or raise the time limit (--reward-timeout)"
                    ));
                }
            }
            Ok(rewards.len() < inputs.len())
        })?;
        self.answered += rewards.len();
        Ok(rewards)
    }
}

impl RewardFunction for CommandReward {
    fn name(&self) -> &str {
        &self.name
    }

    fn rewards(&mut self, inputs: &[RewardInput<'_>]) -> Result<Vec<Option<f64>>> {
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        self.compute(inputs).map_err(|problem| {
            // Its later answers could belong to these texts.
            let more = self.child.take().map(Child::kill).unwrap_or_default();
            let command = std::iter::once(&self.program).chain(&self.arguments);
            let command = command.map(String::as_str).collect::<Vec<_>>().join(" ");
            Error::Command { name: self.name.clone(), command, reason: problem + &more }
        })
    }
}
