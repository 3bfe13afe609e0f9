//! losses.json
