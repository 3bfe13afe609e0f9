//! `cargo xtask doctor`: checks everything that the workspace needs, and prints a remedy for each problem. It changes nothing and
//! downloads nothing, and only asks whether the hub answers.

mod display_path;
mod environment;
mod graphics;
mod hub;
mod libtorch;
mod machine;
mod report;
mod tools;

use crate::failure::Failure;
use crate::fetch;
use crate::probe::Probe;
use crate::workspace::Workspace;
use report::{Finding, Report};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs all checks and prints the findings. The exit code is 0 if nothing necessary is missing.
pub fn doctor(workspace: &Workspace) -> ExitCode {
    let probe_folder = ProbeFolder::new();
    let probe = probe_folder.compile_probe();
    let torch = libtorch::State::of(workspace);
    let mut report = Report::to_stdout();
    report.section("Tools", tools::check(&probe, torch.is_installed()));
    report.section("LibTorch", libtorch::check(workspace, &torch, probe.as_ref().ok()));
    report.section("Machine", machine::check(workspace, &torch, probe.as_ref().ok()));
    report.section("GPU", graphics::check(workspace, &torch, probe.as_ref().ok()));
    report.section("Models", hub::check(|name| env::var_os(name), fetch::reach));
    report.section("Environment", environment::check(workspace, |name| env::var_os(name)));
    report.close()
}

/// A temporary folder for the probe, removed when dropped.
struct ProbeFolder {
    folder: PathBuf,
}

impl ProbeFolder {
    fn new() -> Self {
        Self { folder: env::temp_dir().join(format!("align-doctor-{}", std::process::id())) }
    }

    fn compile_probe(&self) -> Result<Probe, Failure> {
        fs::create_dir(&self.folder).map_err(|error| {
            Failure::new(format!("cannot create {}: {error}", self.folder.display()))
                .remedy("Set TMPDIR to a writable folder with some free space.")
        })?;
        Probe::compile(&self.folder)
    }
}

impl Drop for ProbeFolder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}
