//! `cargo xtask package`: the crates as they would be published, without publishing them.

mod directory_source;
mod publishable_copy;

use crate::cargo;
use crate::dependant;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use directory_source::DirectorySource;
use publishable_copy::PublishableCopy;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Packages each crate and builds it from its package; builds and runs a project that depends on the packages; builds the
/// documentation as docs.rs does, without LibTorch.
pub fn check(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let folder = cargo::target_folder("packages")?;
    let copy = PublishableCopy::create(workspace, &folder.join("workspace"))?;
    let target = folder.join("target");
    let cargo_in_copy = |libtorch: Option<&Path>| {
        let mut command = cargo::command(workspace);
        command.current_dir(&copy.folder).env("CARGO_TARGET_DIR", &target).env_remove("LIBTORCH");
        if let Some(libtorch) = libtorch {
            command.env("LIBTORCH", libtorch);
        }
        command
    };

    run(cargo_in_copy(Some(&workspace.libtorch)).args(["package", "--workspace", "--allow-dirty"]))?;
    let vendor = cargo_in_copy(None);
    let packages = DirectorySource::create(&folder.join("vendor"), vendor, &target.join("package"))?;
    dependant::check_with_packages(workspace, &packages.config)?;

    let documentation = ["doc", "--workspace", "--exclude", "align-cli", "--no-deps", "--all-features"];
    run(cargo_in_copy(None).args(documentation).env("DOCS_RS", "1").env("RUSTDOCFLAGS", "--cfg docsrs -D warnings"))?;
    eprintln!("align: the crates can be packaged, built from their packages, and documented without LibTorch");
    Ok(ExitCode::SUCCESS)
}

/// Runs a command to its end.
fn run(command: &mut Command) -> Result<(), Failure> {
    eprintln!("align: running {command:?}");
    let status = command.status().context(|| format!("cannot run {}", command.get_program().display()))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("{command:?} failed ({status})"))) }
}
