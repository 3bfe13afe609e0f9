//! `cargo xtask downstream`: builds and runs the projects of docs/library.md in folders outside the workspace.

mod losses;
mod program;
mod project;

pub use program::check_with_packages;
pub use project::path_in_toml;

use crate::failure::Failure;
use crate::workspace::Workspace;
use std::process::ExitCode;

/// Builds and runs both projects. They use nothing of this workspace except the crates that they depend on.
pub fn check(workspace: &Workspace) -> Result<ExitCode, Failure> {
    losses::check(workspace)?;
    program::check(workspace)?;
    Ok(ExitCode::SUCCESS)
}
