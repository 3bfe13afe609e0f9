//! A small HTTP server that shows a page that grows, such as the report of a run.
//!
//! It listens on 127.0.0.1 only, answers GET requests to a few paths, and refuses requests whose header `Host` is not that of a loopback address,
//! so that a web site cannot read the page by DNS rebinding. Requests are limited in size, number and time.
//!
//! The browser asks every second whether the page has changed, and then replaces only the sections that differ, so that nothing flickers and the
//! place on the page is kept.

mod connections;
mod page;
mod request;
mod response;
mod server;

pub use page::{LivePage, SCRIPT_PATH};
pub use server::{PageServer, StartError};
