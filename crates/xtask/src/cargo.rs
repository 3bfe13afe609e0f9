//! Runs cargo as the user would, with LibTorch on the library search path.

use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::workspace::Workspace;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

/// Runs cargo on the workspace and returns its exit code.
pub fn run(workspace: &Workspace, arguments: &[&str], user_arguments: &[OsString]) -> Result<ExitCode, Failure> {
    let (subcommand, rest) =
        arguments.split_first().ok_or_else(|| Failure::new("no cargo subcommand is given".to_owned()))?;
    // Ctrl-C is handled by the program that cargo runs. We wait until it has ended.
    interrupt::install_handler();
    let path = library_path(env::var_os("LD_LIBRARY_PATH").as_deref(), &workspace.libtorch)?;
    let status = command(workspace)
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(workspace.root.join("Cargo.toml"))
        .args(rest)
        .args(user_arguments)
        // The rpath works for the usual target folder only; LD_LIBRARY_PATH works for any.
        .env("LD_LIBRARY_PATH", path)
        .status()
        .context(|| format!("cannot run cargo {subcommand}"))?;
    Ok(exit_code(status))
}

/// A cargo command with the user's environment. Variables that the outer cargo set for xtask would cause rebuilds.
pub fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, value) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_from_package = text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_");
        let is_from_config = text == "LIBTORCH" && value == *workspace.libtorch.as_os_str();
        if is_from_package || is_from_config {
            command.env_remove(&name);
        }
    }
    command
}

/// A target folder next to the one of xtask, so that a second run rebuilds only what changed.
pub fn target_folder(name: &str) -> Result<PathBuf, Failure> {
    let program = env::current_exe().context(|| "cannot find this program's file".to_owned())?;
    let target = program.parent().and_then(Path::parent).unwrap_or(&program);
    Ok(target.join(name))
}

/// The library search path with LibTorch's folder added at the end, so that a torch that the user put there takes precedence.
fn library_path(current: Option<&OsStr>, libtorch: &Path) -> Result<OsString, Failure> {
    let current = current.filter(|path| !path.is_empty());
    let folders = current.map(env::split_paths).into_iter().flatten().chain([libtorch.join("lib")]);
    env::join_paths(folders).context(|| format!("{} cannot be added to LD_LIBRARY_PATH", libtorch.display()))
}

/// The exit code of a program; a general failure if a signal ended it.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => ExitCode::from(code),
        _ => interrupt::failure_code(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn libtorch_comes_last_on_the_search_path() {
        let path = |current: Option<&str>| library_path(current.map(OsStr::new), Path::new("/w/.libtorch")).unwrap();
        assert_eq!(path(None), "/w/.libtorch/lib");
        assert_eq!(path(Some("")), "/w/.libtorch/lib");
        assert_eq!(path(Some("/gpu/torch/lib:/x")), "/gpu/torch/lib:/x:/w/.libtorch/lib");
    }
}
