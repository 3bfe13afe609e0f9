//! align-losses
