//! Checkpoints in every format and under every name that transformers has used, and damaged or malicious files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod bin_files;
mod fixtures;
mod folders;
mod hostile_pickles;
mod layouts;
mod pickles;
mod safetensors_files;
mod saving;
mod shards;
