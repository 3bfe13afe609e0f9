//! Whether LibTorch's libraries load on this system, as a program would load them.

use crate::failure::Failure;
use crate::parts::Parts;
use crate::probe::{Answers, Probe};
use std::path::{Path, PathBuf};

/// The glibc that LibTorch was built for.
pub const LEAST_GLIBC: (u32, u32) = (2, 28);

const CPU: [&str; 2] = ["lib/libc10.so", "lib/libtorch_cpu.so"];
const CUDA: [&str; 2] = ["lib/libtorch_cuda.so", "lib/libtorch_cuda_linalg.so"];

/// Refuses an older glibc; on a system with another C library it is for LibTorch to complain.
pub fn glibc_serves(probe: &Probe) -> Result<(), Failure> {
    match probe.load(&[])?.glibc {
        Some(found) if !is_new_enough(&found) => {
            Err(Failure::new(format!("this system has glibc {found}, and LibTorch needs 2.28 or newer"))
                .remedy("Use a newer system: Debian 10, Ubuntu 20.04, RHEL 8 or later, or a container of one."))
        }
        _ => Ok(()),
    }
}

pub fn is_new_enough(glibc: &str) -> bool {
    let mut numbers = glibc.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= LEAST_GLIBC
}

/// Fails if the CPU half does not load. A CUDA half that does not is told of: the CPU half serves without it.
pub fn check(probe: &Probe, root: &Path) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    if let Some(reason) = load(probe, root, Parts::Cpu)?.broken.first() {
        return Err(Failure::new(format!("this LibTorch does not load: {reason}")).remedy(remedy(reason)));
    }
    if Parts::of(root) == Parts::Cuda
        && let Some(reason) = load(probe, root, Parts::Cuda)?.broken.first()
    {
        eprintln!("align: LibTorch's CUDA half does not load, so programs will compute on the CPU: {reason}");
        eprintln!("       {}", remedy(reason));
    }
    Ok(())
}

/// Loads what the parts consist of.
pub fn load(probe: &Probe, root: &Path, parts: Parts) -> Result<Answers, Failure> {
    let more: &[&str] = if parts == Parts::Cuda { &CUDA } else { &[] };
    let libraries: Vec<PathBuf> = CPU.iter().chain(more).map(|library| root.join(library)).collect();
    probe.load(&libraries)
}

/// What to do about the loader's complaint.
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
            format!("Install the package that holds {library}; a torch of pip's needs its nvidia packages beside it.")
        }
        _ => "Its files are damaged, for another system, or of another version: take it away and set up again.".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glibc_versions_compare_as_numbers() {
        for (version, serves) in [("2.28", true), ("2.36", true), ("3.0", true), ("2.27", false), ("2.9", false)] {
            assert_eq!(is_new_enough(version), serves, "{version}");
        }
    }

    #[test]
    fn each_complaint_has_its_remedy() {
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
