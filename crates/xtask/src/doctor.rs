//! `cargo xtask doctor`: what is there, what is not, and what to do about it. It changes nothing and downloads nothing.

mod environment;
mod graphics;
mod hub;
mod libtorch;
mod machine;
mod report;
mod shown;
mod tools;

use crate::failure::Failure;
use crate::probe::Probe;
use crate::workspace::Workspace;
use report::{Finding, Report};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

/// Looks at everything and prints it; the exit code says whether all that is necessary is there.
pub fn doctor(workspace: &Workspace) -> ExitCode {
    let bench = Bench::new();
    let probe = bench.probe();
    let torch = libtorch::State::of(workspace);
    let mut report = Report::to_stdout();
    report.section("Tools", tools::look(&probe, torch.is_there()));
    report.section("LibTorch", libtorch::look(workspace, &torch, probe.as_ref().ok()));
    report.section("Machine", machine::look(workspace, &torch, probe.as_ref().ok()));
    report.section("GPU", graphics::look(workspace, &torch, probe.as_ref().ok()));
    report.section("Models", hub::look(|name| env::var_os(name)));
    report.section("Environment", environment::look(workspace, |name| env::var_os(name)));
    report.close()
}

/// A temporary folder for the probe, gone in the end.
struct Bench {
    folder: PathBuf,
}

impl Bench {
    fn new() -> Self {
        Self { folder: env::temp_dir().join(format!("align-doctor-{}", std::process::id())) }
    }

    fn probe(&self) -> Result<Probe, Failure> {
        fs::create_dir(&self.folder).map_err(|error| {
            Failure::new(format!("cannot create {}: {error}", self.folder.display()))
                .remedy("Let TMPDIR name a folder that you can write, with some room.")
        })?;
        Probe::compile(&self.folder)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}
