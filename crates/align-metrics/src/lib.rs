//! align-metrics
