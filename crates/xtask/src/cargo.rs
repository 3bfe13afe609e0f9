//! Running cargo as the user would, with LibTorch where programs find it.

use crate::failure::{Context, Failure};
use crate::interrupt;
use crate::workspace::Workspace;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};

/// Runs cargo on the workspace and gives back its exit code.
pub fn run(workspace: &Workspace, arguments: &[&str], more: &[OsString]) -> Result<ExitCode, Failure> {
    let (subcommand, rest) = arguments.split_first().ok_or_else(|| Failure::new("no cargo command".to_owned()))?;
    // Ctrl-C is for the program below: it ends in its own way, and the prompt comes back only then.
    interrupt::watch();
    let path = library_path(env::var_os("LD_LIBRARY_PATH").as_deref(), &workspace.libtorch)?;
    let status = command(workspace)
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(workspace.root.join("Cargo.toml"))
        .args(rest)
        .args(more)
        // The rpath serves the usual target folder; this one serves any.
        .env("LD_LIBRARY_PATH", path)
        .status()
        .context(|| format!("cannot run cargo {subcommand}"))?;
    Ok(exit_code(status))
}

/// A cargo that sees what the user's own would: what the outer one set for us would make crates build again.
pub fn command(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, value) in env::vars_os() {
        let text = name.to_string_lossy();
        let of_the_package = text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_");
        let of_the_config = text == "LIBTORCH" && value == *workspace.libtorch.as_os_str();
        if of_the_package || of_the_config {
            command.env_remove(&name);
        }
    }
    command
}

/// The search path with LibTorch's folder last: a torch that the user put there, such as one for the GPU, goes first.
fn library_path(current: Option<&OsStr>, libtorch: &Path) -> Result<OsString, Failure> {
    let current = current.filter(|path| !path.is_empty());
    let folders = current.map(env::split_paths).into_iter().flatten().chain([libtorch.join("lib")]);
    env::join_paths(folders).context(|| format!("{} cannot stand in LD_LIBRARY_PATH", libtorch.display()))
}

/// The code of a program that ran, or plain failure for one that a signal ended.
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
