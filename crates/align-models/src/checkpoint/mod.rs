//! Checkpoints in transformers' layout.

/// A checkpoint that cannot be read or does not fit its config.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {}
