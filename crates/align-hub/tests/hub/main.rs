//! The client against a hub on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod concurrent;
mod connection;
mod damage;
mod disk_full;
mod download;
mod hostile;
mod offline;
mod python;
mod refusals;
mod resume;
mod retries;
mod revisions;
mod source;
mod support;
mod token;
mod upload;
