//! Trackers of training runs, without Python and without LibTorch.
//!
//! * [`tensorboard`]: event files, which TensorBoard reads: scalars, texts, histograms and hyper-parameters.
//! * [`mlflow`]: runs on an MLflow tracking server, over its REST interface.
//! * [`watch`]: a small HTTP server on a loopback address, which shows a page that grows.
//! * [`Tracker`]: the names of the trackers, as in transformers' `report_to`.
//!
//! ```
//! use align_trackers::tensorboard::{EventFile, Value};
//!
//! # fn main() -> std::io::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path().join("runs");
//! let mut events = EventFile::create(&folder, 0)?;
//! for step in 1..=3 {
//!     events.write(step, [Value::scalar("train/loss", 1.0 / step as f64)])?;
//! }
//! events.sync()?;
//! # Ok(())
//! # }
//! ```

pub mod mlflow;
pub mod tensorboard;
mod tracker;
pub mod watch;

pub use tracker::{Tracker, UnknownTracker};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
