//! `cargo xtask package`: the crates as they would be published, without publishing them.

mod command;
mod directory_source;
mod publishable_copy;

use crate::cargo;
use crate::downstream;
use crate::failure::{Context, Failure};
use crate::workspace::Workspace;
use command::run;
use directory_source::DirectorySource;
use publishable_copy::PublishableCopy;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// Packages each crate; builds and runs a project that depends on the packages; compiles the package of the program, which
/// uses all of them; builds the documentation as docs.rs does, without LibTorch.
pub fn check(workspace: &Workspace) -> Result<ExitCode, Failure> {
    let folder = cargo::target_folder("packages")?;
    let copy = PublishableCopy::create(workspace, &folder.join("workspace"))?;
    let target = folder.join("target");
    let cargo_in_copy = || {
        let mut command = cargo::command(workspace);
        command.current_dir(&copy.folder).env("CARGO_TARGET_DIR", &target).env("LIBTORCH", &workspace.libtorch);
        command
    };

    // cargo's own verification would compile LibTorch's bindings once for each crate.
    run(cargo_in_copy().args(["package", "--workspace", "--allow-dirty", "--no-verify"]))?;
    let packages = DirectorySource::create(&folder.join("vendor"), cargo_in_copy(), &target.join("package"))?;
    downstream::check_with_packages(workspace, &packages.config)?;
    let program = packages.folder.join(concat!("align-cli-", env!("CARGO_PKG_VERSION")));
    separate_from_workspace(&program)?;
    run(cargo_in_copy().arg("check").arg("--config").arg(&packages.config).current_dir(&program))?;

    let documentation = ["doc", "--workspace", "--exclude", "align-cli", "--no-deps", "--all-features"];
    let mut as_docs_rs = cargo_in_copy();
    as_docs_rs.env("DOCS_RS", "1").env("RUSTDOCFLAGS", "--cfg docsrs -D warnings");
    run(as_docs_rs.env("LIBTORCH", folder.join("no-libtorch")).args(documentation))?;
    eprintln!("align: the crates can be packaged, built from their packages, and documented without LibTorch");
    Ok(ExitCode::SUCCESS)
}

/// Makes an unpacked package a workspace, because it is inside this workspace without being a member. Removes its lock file,
/// which has checksums of the packages that the directory source lacks.
fn separate_from_workspace(package: &Path) -> Result<(), Failure> {
    let manifest = package.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).context(|| format!("cannot read {}", manifest.display()))?;
    fs::write(&manifest, text + "\n[workspace]\n").context(|| format!("cannot write {}", manifest.display()))?;
    let lock = package.join("Cargo.lock");
    fs::remove_file(&lock).context(|| format!("cannot remove {}", lock.display()))
}
