//! Environment variables and settings that interfere with building, or with finding LibTorch.

use super::Finding;
use super::display_path::display_path;
use crate::workspace::Workspace;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

const WORKAROUND: &str = "use `cargo xtask demo` and `cargo xtask test`, or run first: eval \"$(cargo xtask env)\"";

pub fn check(workspace: &Workspace, variable: impl Fn(&str) -> Option<OsString>) -> Vec<Finding> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let mut findings = Vec::new();
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS"] {
        if set(name).is_some() {
            let text = format!("{name} is set and replaces the flags that let programs find LibTorch");
            findings.push(Finding::note("flags", text, format!("unset it, or {WORKAROUND}")));
        }
    }
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        if let Some(value) = set(name).filter(|value| Path::new(value) != workspace.root.join("target")) {
            let text = format!("{name} is {}: programs outside target/ do not find LibTorch", value.display());
            findings.push(Finding::note("target", text, WORKAROUND));
        }
    }
    let cargo_home = set("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    findings.extend(cargo_home.and_then(|home| target_flags(&home)));
    findings.extend(set("LD_LIBRARY_PATH").into_iter().flat_map(|path| other_torches(&path, workspace)));
    if set("LIBTORCH_BYPASS_VERSION_CHECK").is_some() {
        let text = "LIBTORCH_BYPASS_VERSION_CHECK is set: a LibTorch of any version is accepted";
        findings.push(Finding::note("LibTorch", text, "unset it unless this is intended"));
    }
    if set("LD_PRELOAD").is_some() {
        findings.push(Finding::note("libraries", "LD_PRELOAD is set", "unset it if programs misbehave"));
    }
    if findings.is_empty() {
        findings.push(Finding::good("variables", "none that interferes"));
    }
    findings
}

/// Finds rustflags of a target in cargo's configuration. They replace those of the `[build]` table.
fn target_flags(cargo_home: &Path) -> Option<Finding> {
    let file = cargo_home.join("config.toml");
    let text = fs::read_to_string(&file).ok()?;
    let mut table = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            table = name;
        }
        let key = line.split('=').next().unwrap_or_default().trim();
        let in_target = table.starts_with("target.") && key == "rustflags";
        if in_target || (key.starts_with("target.") && key.ends_with(".rustflags")) {
            let text =
                format!("{} sets rustflags for a target, so programs may not find LibTorch", display_path(&file));
            return Some(Finding::note("flags", text, format!("remove them, or {WORKAROUND}")));
        }
    }
    None
}

fn other_torches(path: &OsString, workspace: &Workspace) -> Vec<Finding> {
    let own = workspace.libtorch.join("lib").canonicalize().ok();
    let folders = env::split_paths(path).filter(|folder| folder.join("libtorch_cpu.so").is_file());
    let others = folders.filter(|folder| folder.canonicalize().ok() != own);
    let finding = |folder: PathBuf| {
        let text = format!("LD_LIBRARY_PATH puts the torch of {} before this LibTorch", folder.display());
        Finding::note("libraries", text, "remove it from the path, unless it is a torch 2.11 that you want to use")
    };
    others.map(finding).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::report::Grade;
    use super::*;
    use crate::libtorch_check::tests::write_fake_torch;

    fn notes(workspace: &Workspace, variables: &[(&str, &str)]) -> Vec<String> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        let findings = check(workspace, find);
        findings.into_iter().filter(|finding| finding.grade == Grade::Note).map(|finding| finding.text).collect()
    }

    #[test]
    fn interfering_variables_are_noted() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path().to_owned());
        let home = folder.path().join("cargo");
        fs::create_dir(&home).unwrap();
        let home = ("CARGO_HOME", home.to_str().unwrap());
        assert_eq!(notes(&workspace, &[home]), Vec::<String>::new());
        let target = folder.path().join("target");
        assert_eq!(notes(&workspace, &[home, ("CARGO_TARGET_DIR", target.to_str().unwrap())]).len(), 0);
        let all = [home, ("RUSTFLAGS", "-Copt-level=3"), ("CARGO_TARGET_DIR", "/t"), ("LD_PRELOAD", "/x.so")];
        assert_eq!(notes(&workspace, &all).len(), 3);
    }

    #[test]
    fn another_torch_on_the_library_path_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path().to_owned());
        let home = ("CARGO_HOME", "/nowhere");
        let other = folder.path().join("other");
        write_fake_torch(&workspace.libtorch, 11);
        write_fake_torch(&other, 10);
        let path = format!("/usr/lib:{}/lib:{}/lib", workspace.libtorch.display(), other.display());
        let found = notes(&workspace, &[home, ("LD_LIBRARY_PATH", &path)]);
        assert!(found.len() == 1 && found[0].contains(&other.display().to_string()), "{found:?}");
    }

    #[test]
    fn target_flags_in_cargos_configuration_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let found = |text: &str| {
            fs::write(folder.path().join("config.toml"), text).unwrap();
            target_flags(folder.path()).is_some()
        };
        assert!(found("[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\nrustflags = [\"-C\"]\n"));
        assert!(found("target.x86_64-unknown-linux-gnu.rustflags = [\"-C\"]\n"));
        assert!(!found("[build]\nrustflags = [\"-C\"]\n[target.x]\nlinker = \"clang\"\n"));
    }
}
