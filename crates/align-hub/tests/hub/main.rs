//! Tests of the client against a hub on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod concurrent;
mod connection;
mod damage;
mod datasets;
mod disk_full;
mod download;
mod error_responses;
mod hostile;
mod offline;
mod python;
mod resume;
mod retries;
mod revisions;
mod source;
mod support;
mod token;
mod upload;
