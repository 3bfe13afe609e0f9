//! Checks whether LibTorch's libraries load on this system.

use crate::compute_platform::ComputePlatform;
use crate::failure::Failure;
use crate::probe::{LoadResults, Probe};
use std::path::{Path, PathBuf};

/// The glibc that LibTorch was built for.
pub const MIN_GLIBC: (u32, u32) = (2, 28);

const CPU: [&str; 2] = ["lib/libc10.so", "lib/libtorch_cpu.so"];
const CUDA: [&str; 2] = ["lib/libtorch_cuda.so", "lib/libtorch_cuda_linalg.so"];

/// Fails if glibc is too old. With another C library there is no check; loading LibTorch will show whether it works.
pub fn require_glibc(probe: &Probe) -> Result<(), Failure> {
    match probe.load(&[])?.glibc {
        Some(found) if !is_new_enough(&found) => {
            Err(Failure::new(format!("this system has glibc {found}, but LibTorch needs 2.28 or newer"))
                .remedy("Use a newer system, such as Debian 10, Ubuntu 20.04 or RHEL 8, or a container with one."))
        }
        _ => Ok(()),
    }
}

pub fn is_new_enough(glibc: &str) -> bool {
    let mut numbers = glibc.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= MIN_GLIBC
}

/// Fails if the CPU libraries cannot be loaded. Prints a warning if only the CUDA libraries cannot.
pub fn check(probe: &Probe, root: &Path) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if let Some(reason) = load(probe, root, ComputePlatform::Cpu)?.load_errors.first() {
        return Err(Failure::new(format!("this LibTorch does not load: {reason}")).remedy(remedy(reason)));
    }
    if ComputePlatform::of_folder(root) == ComputePlatform::Cuda
        && let Some(reason) = load(probe, root, ComputePlatform::Cuda)?.load_errors.first()
    {
        eprintln!(
            "align: the CUDA libraries of LibTorch cannot be loaded, so programs will compute on the CPU: {reason}"
        );
        eprintln!("       {}", remedy(reason));
    }
    Ok(())
}

/// Loads the libraries of a platform.
pub fn load(probe: &Probe, root: &Path, platform: ComputePlatform) -> Result<LoadResults, Failure> {
    let more: &[&str] = if platform == ComputePlatform::Cuda { &CUDA } else { &[] };
    let libraries: Vec<PathBuf> = CPU.iter().chain(more).map(|library| root.join(library)).collect();
    probe.load(&libraries)
}

/// The remedy for an error of the dynamic loader.
pub fn remedy(reason: &str) -> String {
    if reason.contains("`GLIBC_") {
        return "This system's glibc is older than the 2.28 that LibTorch needs: use a newer system or container."
            .into();
    }
    if reason.contains("`GLIBCXX_") {
        return "This system's libstdc++ is too old: install a newer one (`apt install libstdc++6`).".into();
    }
    match reason.split_once(": cannot open shared object file") {
        Some(("libz.so.1", _)) => "Install zlib: `apt install zlib1g` on Debian and Ubuntu.".into(),
        Some((library, _)) if !library.starts_with('/') => {
            format!("Install the package that contains {library}; a torch from pip needs its nvidia packages too.")
        }
        _ => "Its files are damaged, for another system, or of another version: delete it and run `cargo xtask setup` again.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_versions_compare_as_numbers() {
        for (version, expected) in [("2.28", true), ("2.36", true), ("3.0", true), ("2.27", false), ("2.9", false)] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

    #[test]
    fn every_loader_error_has_a_remedy() {
        for (reason, words) in [
            ("libz.so.1: cannot open shared object file: No such file or directory", "zlib1g"),
            ("libcudnn.so.9: cannot open shared object file: No such file or directory", "nvidia packages"),
            ("/lib/libc.so.6: version `GLIBC_2.28' not found (required by /x)", "glibc is older"),
            ("/x/libtorch_cpu.so: file too short", "damaged"),
        ] {
            assert!(remedy(reason).contains(words), "{reason}: {}", remedy(reason));
        }
    }
}
