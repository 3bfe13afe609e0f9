//! How a sweep ends early.

use crate::Failure;
use crate::shell_words::this_command;

/// How to continue a sweep that was stopped.
pub fn resume_hint() -> String {
    format!("continue with\n  {}", this_command())
}

/// Adds the options that lower memory to an error of a training run.
pub fn with_memory_advice(error: align_frontier::Error) -> Failure {
    use align_frontier::Error::{Point, Train};
    match error {
        Point { point, problem } => match *problem {
            Train(error) => format!("{point}: {}", crate::memory_error::with_options_to_change(*error)).into(),
            problem => Point { point, problem: Box::new(problem) }.into(),
        },
        error => error.into(),
    }
}
