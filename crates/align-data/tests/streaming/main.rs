//! Data that does not fit in memory: blocks of rows, and caches of token ids.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod caches;
mod damage;
mod data;
mod rows;
