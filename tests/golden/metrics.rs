//! metrics.json
