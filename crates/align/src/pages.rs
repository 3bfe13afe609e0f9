//! The Rust blocks of README.md and docs/ as doctests.

#[doc = include_str!("../../../README.md")]
struct Readme;

#[doc = include_str!("../../../docs/chat.md")]
struct Chat;

#[doc = include_str!("../../../docs/generation.md")]
struct Generation;

#[doc = include_str!("../../../docs/library.md")]
struct Library;

#[doc = include_str!("../../../docs/on-policy.md")]
struct OnPolicy;

#[cfg(feature = "trackers")]
#[doc = include_str!("../../../docs/trackers.md")]
struct Trackers;
