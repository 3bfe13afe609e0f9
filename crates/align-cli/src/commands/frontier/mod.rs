//! Sweeps over losses and betas, or over rules between several judges, and plots the frontier.
//!
//! ```sh
//! align frontier --output-dir runs/frontier
//! ```

mod configuration;
mod failures;
mod judge_arguments;
mod judges;
mod losses;
mod options;
mod table;

pub use options::Options;

use crate::Failure;

pub fn run(options: &Options) -> Result<(), Failure> {
    options.json.begin();
    match options.judges.are_given() {
        true => judges::run(options),
        false => {
            options.judges.refuse_without_judges()?;
            losses::run(options)
        }
    }
}
