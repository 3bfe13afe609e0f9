//! Everything that is refused, and that the message names what does not go together.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../common/mod.rs"]
mod common;

mod compositions;
mod functions;
mod options;
mod serialised;
mod tensors;

/// Asserts that something was refused with a message that names all of `words`.
fn assert_names<T: std::fmt::Debug>(result: Result<T, impl std::fmt::Display>, words: &[&str]) {
    let message = result.expect_err("it was taken").to_string();
    for word in words {
        assert!(message.contains(word), "no {word:?} in {message:?}");
    }
}

/// What is no finite number above 0.
const NOT_ABOVE_ZERO: [f64; 4] = [0.0, -0.1, f64::NAN, f64::INFINITY];
/// What is no finite number of at least 0.
const BELOW_ZERO: [f64; 3] = [-0.1, f64::NAN, f64::INFINITY];
/// What is no share of wrong labels.
const NO_SMOOTHING: [f64; 4] = [-0.1, 0.5, 1.0, f64::NAN];
