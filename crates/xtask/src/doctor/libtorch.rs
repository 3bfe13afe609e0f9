//! The LibTorch of this workspace: its location, source and version, and whether it loads.

use super::Finding;
use super::display_path::display_path;
use crate::compute_platform::ComputePlatform;
use crate::disk::gigabytes;
use crate::failure::Failure;
use crate::libtorch_check;
use crate::load_check;
use crate::marker::Marker;
use crate::probe::Probe;
use crate::requested_torch::RequestedTorch;
use crate::setup_options::SetupOptions;
use crate::up_to_date::is_up_to_date;
use crate::work_folder;
use crate::workspace::Workspace;
use std::env;
use std::fs::{self, File};
use std::path::Path;

/// The state of `.libtorch`.
pub enum State {
    /// It is installed.
    Installed,
    /// Setup would have to download it, or to link to the one that the variables name.
    NotInstalled(RequestedTorch),
    /// The variables are invalid, so a setup would fail.
    Invalid(Failure),
}

impl State {
    pub fn of(workspace: &Workspace) -> Self {
        match RequestedTorch::new(&SetupOptions::default(), |name| env::var_os(name), &workspace.libtorch) {
            Ok(requested) if is_up_to_date(&workspace.libtorch, &requested, any_version()) => Self::Installed,
            Ok(requested) => Self::NotInstalled(requested),
            Err(failure) => Self::Invalid(failure),
        }
    }

    pub fn is_installed(&self) -> bool {
        matches!(self, Self::Installed)
    }
}

fn any_version() -> bool {
    env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some()
}

pub fn check(workspace: &Workspace, state: &State, probe: Option<&Probe>) -> Vec<Finding> {
    let mut findings = match state {
        State::Installed => vec![installed(&workspace.libtorch), loads(&workspace.libtorch, probe)],
        State::NotInstalled(requested) => vec![not_installed(workspace, requested)],
        State::Invalid(failure) => {
            let text = failure.to_string();
            let (problem, remedy) = text.split_once('\n').unwrap_or((&text, "Correct or unset the variable."));
            vec![Finding::missing("LibTorch", problem, remedy)]
        }
    };
    findings.extend(interrupted(&workspace.setup_folder));
    findings
}

fn installed(folder: &Path) -> Finding {
    let version = libtorch_check::version(&folder.join("include")).unwrap_or_else(|_| "?".to_owned());
    let platform = match ComputePlatform::of_folder(folder) {
        ComputePlatform::Cpu => "CPU only",
        ComputePlatform::Cuda => "CPU and CUDA halves",
    };
    let source = match Marker::read(folder).map(|marker| marker.source) {
        Some(source) if source.starts_with("download") => "downloaded by `cargo xtask setup`".to_owned(),
        Some(source) => format!("from {source}"),
        None => "linked by hand".to_owned(),
    };
    Finding::good("LibTorch", format!("{version}, {platform}, in {}\n{source}", display_path(folder)))
}

fn loads(folder: &Path, probe: Option<&Probe>) -> Finding {
    let results = match probe.map(|probe| load_check::load(probe, folder, ComputePlatform::of_folder(folder))) {
        None => return Finding::note("loads", "not checked, because there is no C++ compiler", "see above"),
        Some(Err(failure)) => return Finding::missing("loads", failure.to_string(), SET_UP_AGAIN),
        Some(Ok(results)) => results,
    };
    match results.load_errors.iter().find(|reason| !reason.contains("cuda")).or(results.load_errors.first()) {
        None => Finding::good("loads", "yes, all libraries and their dependencies"),
        Some(reason) if cpu_half_loads(folder, probe) => Finding::note(
            "loads",
            format!("the CPU libraries can be loaded, but the CUDA libraries cannot: {reason}"),
            load_check::remedy(reason),
        ),
        Some(reason) => Finding::missing(
            "loads",
            format!("no: {reason}"),
            format!("{}\n{SET_UP_AGAIN}", load_check::remedy(reason)),
        ),
    }
}

fn cpu_half_loads(folder: &Path, probe: Option<&Probe>) -> bool {
    let results = probe.and_then(|probe| load_check::load(probe, folder, ComputePlatform::Cpu).ok());
    results.is_some_and(|results| results.load_errors.is_empty())
}

const SET_UP_AGAIN: &str = "rm -r .libtorch && cargo xtask setup";

fn not_installed(workspace: &Workspace, requested: &RequestedTorch) -> Finding {
    const SET_UP: &str = "cargo xtask setup";
    if let RequestedTorch::Existing(existing) = requested {
        let (source, named_by) = (existing.source(), existing.named_by);
        return match libtorch_check::check(&existing.include_root, &existing.lib_root, any_version()) {
            Ok(()) => Finding::missing(
                "LibTorch",
                format!("{named_by} is {source}, but .libtorch does not link to it yet"),
                SET_UP,
            ),
            Err(failure) => Finding::missing(
                "LibTorch",
                format!("{named_by} is {source}: {failure}"),
                format!("correct {named_by}, or unset it to download one; then {SET_UP}"),
            ),
        };
    }
    let folder = &workspace.libtorch;
    if folder.symlink_metadata().is_err() {
        return Finding::missing("LibTorch", "not installed", SET_UP);
    }
    let problem = match libtorch_check::check(folder, folder, any_version()) {
        Err(failure) => failure.to_string(),
        Ok(()) => "files are missing, or it was not made by `cargo xtask setup`".to_owned(),
    };
    Finding::missing(
        "LibTorch",
        format!("{} cannot be used: {problem}", display_path(folder)),
        format!("{SET_UP}    (replaces it)"),
    )
}

/// Files left by an interrupted setup, or a note that one is running.
fn interrupted(setup_folder: &Path) -> Option<Finding> {
    let left = work_folder::leftovers(setup_folder);
    let size: u64 = left.iter().map(|folder| size(folder)).sum();
    if left.is_empty() {
        return None;
    }
    let lock = File::open(setup_folder.join("lock")).ok()?;
    if lock.try_lock().is_err() {
        return Some(Finding::note("setup", "another one is running", "wait for it"));
    }
    Some(Finding::note(
        "setup",
        format!("an interrupted setup left {} in {}", gigabytes(size), display_path(setup_folder)),
        "the next `cargo xtask setup` that installs something removes it; you may delete it too",
    ))
}

pub fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let entry_size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) if data.is_file() => data.len(),
        _ => 0,
    };
    entries.map(entry_size).sum()
}
