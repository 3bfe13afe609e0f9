/// Environment variables that do not describe a launch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// A variable is missing.
    #[error(
        "{given} is set, but {name} is not: start the program with torchrun, mpirun or srun, set both, or unset {given}"
    )]
    Missing {
        /// The missing variable.
        name: &'static str,
        /// The variable that needs it.
        given: &'static str,
    },
    /// A value is not a number.
    #[error("{name} is {value:?}, expected a number from 0")]
    NotANumber {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A value is neither true nor false.
    #[error("{name} is {value:?}, expected True or False")]
    NotAFlag {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A number is outside its range.
    #[error("{name} is {value}, expected {expected}")]
    OutOfRange {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: usize,
        /// The range.
        expected: String,
    },
    /// Two variables contradict each other.
    #[error("{first} and {second} contradict each other; unset those that are not of this program's launcher")]
    Contradiction {
        /// A variable with its value.
        first: String,
        /// Another variable with its value.
        second: String,
    },
}
