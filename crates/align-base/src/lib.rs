//! What every align crate stands on.
//!
//! * [`files`]: files and folders that appear whole or not at all, the digests that detect damage, and a folder's lock.
//! * [`differences`]: what differs between two sets of options, for a message.
//! * [`random`]: random numbers as a function of a seed, a purpose and an index.
//! * [`printable`], [`printable_path`] and their kin: text from outside (a file, a path, a server), made safe for a message.
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

mod differences;
pub mod files;
mod printable;
pub mod random;

pub use differences::differences;
pub use printable::{escaped, printable, printable_line, printable_path};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
