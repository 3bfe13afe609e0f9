//! Sweeps over losses and betas: the frontier of reward against divergence from the reference, and against entropy.
//!
//! Each [`Point`] is a training run from the same weights on the same pairs, and an evaluation on the same prompts and
//! draws. [`run`] goes through them with a [`Journal`], so that a sweep that was killed goes on where it stopped and
//! ends with the same numbers; [`csv`], [`Findings`], [`figures`] and [`report`] are made of the finished [`Sweep`].
//!
//! [`Ground`] alone evaluates policies of any other kind of comparison, and [`token_divergences`] gives the exact
//! divergence of two models along given texts.

mod by_loss;
mod comparison;
mod csv;
mod error;
mod evaluation;
mod figures;
mod findings;
mod gap;
mod journal;
mod lead;
mod loss_setting;
mod point;
mod report;
mod sample;
mod sweep;
mod token_divergence;

pub use comparison::Comparison;
pub use csv::csv;
pub use error::{Error, Result};
pub use evaluation::{Evaluation, Ground};
pub use figures::{Figures, figures};
pub use findings::Findings;
pub use gap::Gap;
pub use journal::Journal;
pub use lead::{Lead, Measure};
pub use loss_setting::LossSetting;
pub use point::{Point, points};
pub use report::{ReportContext, report};
pub use sample::{Sample, Sampling, Score, sample};
pub use sweep::{Measured, Models, Outcome, Progress, Sweep, SweepOptions, run};
pub use token_divergence::{TextDivergence, token_divergences};
