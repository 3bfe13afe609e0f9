//! What generated texts are judged by: how varied their tokens are, how good their scores, and how sure one can be.
//!
//! The crate takes token ids and scores, wherever they come from:
//!
//! ```
//! use align_metrics::{Bootstrap, EvaluationReport};
//! let texts = [vec![1i64, 2, 2, 3], vec![2, 4], vec![1, 1, 5]];
//! let report = EvaluationReport::of(&texts, None, Some(&[0.5, -1.0, 2.0]), &Bootstrap::default())?;
//! assert_eq!((report.rows, report.tokens), (3, 9));
//! assert_eq!(report.mean_reward.map(|mean| mean.value), Some(0.5));
//! # Ok::<(), align_metrics::Error>(())
//! ```
//!
//! Sums are compensated and in a fixed order, so a number is the same on every run and machine.

mod bootstrap;
mod entropy;
mod equal_samples;
mod error;
mod mean;
mod notebook_entropy;
mod report;
mod sum;
mod token_counts;

pub use bootstrap::{Bootstrap, Interval};
pub use entropy::{miller_madow_entropy, token_entropy};
pub use equal_samples::{EqualSamples, equal_samples_entropy};
pub use error::{Error, Result};
pub use mean::mean;
pub use notebook_entropy::notebook_entropy;
pub use report::{Estimate, EvaluationReport};
