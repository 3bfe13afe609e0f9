//! Utilities that all align crates share.
//!
//! * [`files`]: atomic writes of files and folders, digests that detect damaged files, and folder locks.
//! * [`option_differences`]: lists the differences between two sets of options, for error messages.
//! * [`Progress`]: the progress of long tasks, and with the feature `progress` its display.
//! * [`random`]: random numbers as a function of a seed, a purpose and an index.
//! * [`counted`], [`plural`]: a number with its noun in the singular or the plural.
//! * [`printable`], [`printable_line`], [`printable_path`], [`escaped`]: make text from a file, a path or a server safe to print.
//!
//! ```
//! use align_base::{files::write_file, random::generator};
//! use rand_chacha::rand_core::Rng;
//! use std::io::Write;
//!
//! # let folder = tempfile::tempdir()?;
//! let draw = generator(42, "epoch", 0).next_u64();
//! let file = folder.path().join("draw.txt");
//! write_file(&file, false, |file| writeln!(file, "{draw}"))?;
//! assert_eq!(std::fs::read_to_string(&file)?, format!("{draw}\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod counted;
mod duration;
pub mod files;
mod option_differences;
mod printable;
pub mod progress;
pub mod random;

pub use counted::{counted, plural};
pub use duration::format_duration;
pub use option_differences::option_differences;
pub use printable::{escaped, printable, printable_line, printable_path};
pub use progress::Progress;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
