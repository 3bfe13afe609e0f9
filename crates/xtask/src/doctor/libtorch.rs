//! The LibTorch of this workspace: where it is, whose, which, and whether it loads.

use super::Finding;
use super::shown::shown;
use crate::disk::gigabytes;
use crate::failure::Failure;
use crate::libtorch_check;
use crate::load_check;
use crate::marker::Marker;
use crate::parts::Parts;
use crate::probe::Probe;
use crate::ready::is_ready;
use crate::requested_torch::RequestedTorch;
use crate::scratch;
use crate::setup_options::SetupOptions;
use crate::workspace::Workspace;
use std::env;
use std::fs::{self, File};
use std::path::Path;

/// What a set-up would have to do.
pub enum State {
    /// Nothing.
    There,
    /// Bring it, or link to what the variables name.
    NotThere(RequestedTorch),
    /// It would refuse.
    Refused(Failure),
}

impl State {
    pub fn of(workspace: &Workspace) -> Self {
        match RequestedTorch::new(&SetupOptions::default(), |name| env::var_os(name), &workspace.libtorch) {
            Ok(requested) if is_ready(&workspace.libtorch, &requested, any_version()) => Self::There,
            Ok(requested) => Self::NotThere(requested),
            Err(failure) => Self::Refused(failure),
        }
    }

    pub fn is_there(&self) -> bool {
        matches!(self, Self::There)
    }
}

fn any_version() -> bool {
    env::var_os("LIBTORCH_BYPASS_VERSION_CHECK").is_some()
}

pub fn look(workspace: &Workspace, state: &State, probe: Option<&Probe>) -> Vec<Finding> {
    let mut findings = match state {
        State::There => vec![whose(&workspace.libtorch), loads(&workspace.libtorch, probe)],
        State::NotThere(requested) => vec![not_there(workspace, requested)],
        State::Refused(failure) => {
            let text = failure.to_string();
            let (problem, remedy) = text.split_once('\n').unwrap_or((&text, "Correct the variable, or unset it."));
            vec![Finding::missing("LibTorch", problem, remedy)]
        }
    };
    findings.extend(interrupted(&workspace.scratch));
    findings
}

fn whose(folder: &Path) -> Finding {
    let version = libtorch_check::version(&folder.join("include")).unwrap_or_else(|_| "?".to_owned());
    let parts = match Parts::of(folder) {
        Parts::Cpu => "CPU half only",
        Parts::Cuda => "CPU and CUDA halves",
    };
    let source = match Marker::read(folder).map(|marker| marker.source) {
        Some(source) if source.starts_with("download") => "downloaded by `cargo xtask setup`".to_owned(),
        Some(source) => format!("from {source}"),
        None => "put there by hand".to_owned(),
    };
    Finding::good("LibTorch", format!("{version}, {parts}, in {}\n{source}", shown(folder)))
}

fn loads(folder: &Path, probe: Option<&Probe>) -> Finding {
    let answers = match probe.map(|probe| load_check::load(probe, folder, Parts::of(folder))) {
        None => return Finding::note("loads", "not tried, for want of a C++ compiler", "see above"),
        Some(Err(failure)) => return Finding::missing("loads", failure.to_string(), SET_UP_AGAIN),
        Some(Ok(answers)) => answers,
    };
    match answers.broken.iter().find(|reason| !reason.contains("cuda")).or(answers.broken.first()) {
        None => Finding::good("loads", "yes, each library and what it needs"),
        Some(reason) if cpu_half_loads(folder, probe) => Finding::note(
            "loads",
            format!("the CPU half does, the CUDA half does not: {reason}"),
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
    let answers = probe.and_then(|probe| load_check::load(probe, folder, Parts::Cpu).ok());
    answers.is_some_and(|answers| answers.broken.is_empty())
}

const SET_UP_AGAIN: &str = "rm -r .libtorch && cargo xtask setup";

fn not_there(workspace: &Workspace, requested: &RequestedTorch) -> Finding {
    const SET_UP: &str = "cargo xtask setup";
    if let RequestedTorch::Existing(existing) = requested {
        let (source, named_by) = (existing.source(), existing.named_by);
        return match libtorch_check::check(&existing.include_root, &existing.lib_root, any_version()) {
            Ok(()) => Finding::missing("LibTorch", format!("{named_by} is {source}, not linked to yet"), SET_UP),
            Err(failure) => Finding::missing(
                "LibTorch",
                format!("{named_by} is {source}: {failure}"),
                format!("unset {named_by} to have one brought, or correct it; then {SET_UP}"),
            ),
        };
    }
    let folder = &workspace.libtorch;
    if folder.symlink_metadata().is_err() {
        return Finding::missing("LibTorch", "none yet", SET_UP);
    }
    let why = match libtorch_check::check(folder, folder, any_version()) {
        Err(failure) => failure.to_string(),
        Ok(()) => "files of it are missing, or no set-up made it".to_owned(),
    };
    Finding::missing(
        "LibTorch",
        format!("{} cannot be used: {why}", shown(folder)),
        format!("{SET_UP}    (replaces it)"),
    )
}

/// What a set-up that was killed left, where none is at work.
fn interrupted(scratch: &Path) -> Option<Finding> {
    let left = scratch::leftovers(scratch);
    let size: u64 = left.iter().map(|folder| size(folder)).sum();
    if left.is_empty() {
        return None;
    }
    let lock = File::open(scratch.join("lock")).ok()?;
    if lock.try_lock().is_err() {
        return Some(Finding::note("set-up", "one is at work right now", "wait for it"));
    }
    Some(Finding::note(
        "set-up",
        format!("an interrupted one left {} in {}", gigabytes(size), shown(scratch)),
        "the next `cargo xtask setup` that has something to do removes it; so may you",
    ))
}

pub fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let of_entry = |entry: fs::DirEntry| match entry.metadata() {
        Ok(data) if data.is_dir() => size(&entry.path()),
        Ok(data) if data.is_file() => data.len(),
        _ => 0,
    };
    entries.map(of_entry).sum()
}
