//! Rust, the C++ compiler, and the tools that download LibTorch.

use super::Finding;
use crate::failure::Failure;
use crate::fetch;
use crate::libtorch_check::TORCH_VERSION;
use crate::pip;
use crate::probe::{Probe, compiler};
use std::env;
use std::path::Path;
use std::process::Command;

/// The Rust version that the workspace's manifest requires.
const MIN_RUST: &str = env!("CARGO_PKG_RUST_VERSION");

pub fn check(probe: &Result<Probe, Failure>, libtorch_is_installed: bool) -> Vec<Finding> {
    vec![rust(), cpp(probe), pip(libtorch_is_installed)]
}

fn rust() -> Finding {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let update = format!("rustup update stable    (Rust {MIN_RUST} or newer; https://rustup.rs)");
    match first_line(Command::new(rustc).arg("--version")) {
        None => Finding::missing("Rust", "rustc is not on PATH", update),
        Some(line) if is_new_enough(&line) => Finding::good("Rust", format!("{line}; {MIN_RUST} or newer is needed")),
        Some(line) => Finding::missing("Rust", format!("{line}, but {MIN_RUST} or newer is needed"), update),
    }
}

/// Compares a line such as `rustc 1.95.0 (…)` with the required version.
fn is_new_enough(line: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).take(2).collect()
    };
    numbers(line.trim_start_matches("rustc ")) >= numbers(MIN_RUST)
}

fn cpp(probe: &Result<Probe, Failure>) -> Finding {
    match probe {
        Ok(_) => {
            let version = first_line(Command::new(compiler()).arg("--version"));
            let version = version.unwrap_or_else(|| compiler().to_string_lossy().into_owned());
            Finding::good("C++ compiler", format!("{version}; compiled a C++17 program"))
        }
        Err(failure) => {
            let text = failure.to_string();
            let (problem, remedy) = text.split_once('\n').unwrap_or((&text, "Install a C++ compiler."));
            Finding::missing("C++ compiler", problem, remedy)
        }
    }
}

/// Without pip, LibTorch's own zip is downloaded. Once LibTorch is installed, neither is needed.
fn pip(libtorch_is_installed: bool) -> Finding {
    const INSTALL: &str = "apt install python3-pip, dnf install python3-pip, or python3 -m ensurepip --upgrade";
    match pip::python_with_pip() {
        Some(python) => Finding::good("Python with pip", pip_version(&python)),
        None if libtorch_is_installed => {
            Finding::good("Python with pip", "none; not needed, since LibTorch is installed")
        }
        None if fetch::is_possible() => {
            let text = "none; LibTorch's own zip will be downloaded instead of its wheels";
            Finding::note("Python with pip", text, INSTALL)
        }
        None => Finding::missing(
            "Python with pip",
            "none, and neither curl nor wget: LibTorch cannot be downloaded",
            format!("{INSTALL}; or set LIBTORCH to the folder of a LibTorch {TORCH_VERSION}"),
        ),
    }
}

fn pip_version(python: &Path) -> String {
    let line = first_line(Command::new(python).args(["-m", "pip", "--version"])).unwrap_or_default();
    // `pip 23.2.1 from /…/pip (python 3.11)`
    let version = line.split(" from ").next().unwrap_or_default();
    format!("{}, {version}", super::display_path::display_path(python))
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_versions_compare_as_numbers() {
        assert!(is_new_enough(&format!("rustc {MIN_RUST}.0 (abc 2026-01-01)")));
        assert!(is_new_enough("rustc 1.200.0-nightly (abc 2030-01-01)") && is_new_enough("rustc 2.0.0"));
        assert!(!is_new_enough("rustc 1.9.0 (abc 2016-01-01)") && !is_new_enough("odd"));
    }
}
