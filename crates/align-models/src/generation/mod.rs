//! Generation.

/// Generation options or inputs that cannot be honoured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {}
