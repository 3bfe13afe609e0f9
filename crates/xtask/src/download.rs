//! Downloads LibTorch and unpacks the files that are needed.

use crate::compute_platform::ComputePlatform;
use crate::disk::{self, MEGABYTE, gigabytes};
use crate::failure::Failure;
use crate::fetch;
use crate::interrupt;
use crate::libtorch_check::TORCH_VERSION;
use crate::pip;
use crate::pip_failure::zip_remedy;
use crate::unpack;
use crate::wheels::{Wheel, library_target, wheels_for};
use crate::work_folder::{WorkFolder, create_dir};
use crate::zip_source::{self, ZipSource};
use std::fs;
use std::path::Path;

/// Fills the staging folder from the wheels, or from LibTorch's own zip if there is no pip.
pub fn download(platform: ComputePlatform, work: &WorkFolder, staging: &Path) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(unsupported_system());
    }
    let Some(python) = pip::python_with_pip() else {
        return without_pip(platform, work, staging);
    };
    let peak_usage = peak_disk_usage(platform);
    disk::require(staging, peak_usage)?;
    eprintln!(
        "align: installing LibTorch {TORCH_VERSION}{} in .libtorch: {} to download through pip, {} on disk afterwards, \
         {} during the setup",
        if platform == ComputePlatform::Cuda { " with CUDA 13" } else { "" },
        gigabytes(wheels_for(platform).map(|wheel| wheel.bytes).sum()),
        gigabytes(wheels_for(platform).map(|wheel| wheel.unpacked_bytes(platform)).sum()),
        gigabytes(peak_usage)
    );
    let count = wheels_for(platform).count();
    for (number, wheel) in wheels_for(platform).enumerate() {
        eprintln!(
            "align: {:>2}/{count} {} {} ({} MB)",
            number + 1,
            wheel.distribution,
            wheel.version,
            wheel.bytes.div_ceil(MEGABYTE)
        );
        download_wheel(&python, wheel, platform, work, staging)?;
    }
    Ok(())
}

/// Downloads and unpacks one wheel, then deletes it: keeping all wheels until the end would take twice the disk space.
fn download_wheel(
    python: &Path,
    wheel: &Wheel,
    platform: ComputePlatform,
    work: &WorkFolder,
    staging: &Path,
) -> Result<(), Failure> {
    let folder = work.path.join("pip");
    create_dir(&folder)?;
    let file = pip::download(python, wheel, &folder)?;
    unpack_wheel(wheel, platform, &file, staging)?;
    fs::remove_dir_all(&folder).map_err(|e| Failure::new(format!("cannot remove {}: {e}", folder.display())))
}

/// The peak disk usage of a setup: the unpacked files, and two copies of the current wheel, since pip copies it at the end.
pub fn peak_disk_usage(platform: ComputePlatform) -> u64 {
    let mut unpacked = 0;
    let mut peak = 0;
    for wheel in wheels_for(platform) {
        let unpacked_after = unpacked + wheel.unpacked_bytes(platform);
        peak = peak.max(unpacked + 2 * wheel.bytes).max(unpacked_after + wheel.bytes);
        unpacked = unpacked_after;
    }
    peak + 50 * MEGABYTE
}

fn unpack_wheel(wheel: &Wheel, platform: ComputePlatform, file: &Path, staging: &Path) -> Result<(), Failure> {
    // The size of the unpacked files is known, so a wheel that exceeds it by far is not the expected one.
    let max_bytes = 2 * wheel.unpacked_bytes(platform);
    let filled = unpack::unpack(file, staging, max_bytes, |entry| {
        if wheel.libraries(platform).any(|library| library == entry) {
            return Some(library_target(entry));
        }
        let (from, to) = wheel.folder?;
        let rest = entry.strip_prefix(from)?;
        // Some zip writers store folders as separate entries.
        (!rest.is_empty() && !rest.ends_with('/')).then(|| format!("{to}{rest}"))
    })?;
    match wheel.libraries(platform).find(|library| !filled.contains(&library_target(library))) {
        Some(library) => Err(Failure::new(format!("{} does not contain {library}", file.display()))),
        None => Ok(()),
    }
}

fn without_pip(platform: ComputePlatform, work: &WorkFolder, staging: &Path) -> Result<(), Failure> {
    if !fetch::is_possible() {
        return Err(Failure::new("LibTorch is downloaded through pip, but no Python 3 with pip was found.")
            .remedy(format!("{INSTALL_PIP} Without it:\n{}", zip_remedy())));
    }
    let (megabytes, with_cuda) = match platform {
        ComputePlatform::Cpu => (1_500, ""),
        ComputePlatform::Cuda => (9_000, " with CUDA 13"),
    };
    disk::require(staging, megabytes * MEGABYTE)?;
    eprintln!("align: no Python 3 with pip was found, so LibTorch's own zip{with_cuda} is downloaded");
    let zip = ZipSource::Url(zip_source::official(platform));
    zip.unpack_into(work, staging).map_err(|failure| match interrupt::is_interrupted() {
        true => failure,
        false => {
            failure.remedy(format!("With pip, LibTorch is downloaded from the package index instead. {INSTALL_PIP}"))
        }
    })
}

const INSTALL_PIP: &str = "Install pip: `apt install python3-pip` on Debian and Ubuntu, `dnf install python3-pip` on \
                           Fedora, or `python3 -m ensurepip --upgrade` for a Python that you installed yourself.";

fn unsupported_system() -> Failure {
    let remedy = if cfg!(target_os = "macos") {
        "macOS is untested. Try `pip install torch==2.11.0`, then set LIBTORCH_USE_PYTORCH=1 and \
         DYLD_LIBRARY_PATH=TORCH/lib, where TORCH is the folder of that torch."
    } else if cfg!(windows) {
        "Windows is untested. Unpack the official zip for Windows, set LIBTORCH to its folder, put its lib folder on PATH, \
         and use plain cargo; or work in WSL 2."
    } else {
        "This system is untested. Get LibTorch 2.11.0 for it (`pip install torch==2.11.0`, or build it), and set LIBTORCH \
         to its folder, or LIBTORCH_USE_PYTORCH=1 to use the torch of your Python."
    };
    Failure::new("LibTorch can be downloaded automatically only on Linux x86-64 with glibc").remedy(remedy)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::fs::File;

    #[test]
    fn a_wheel_without_a_required_library_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("torch-2.11.0.whl");
        let mut writer = zip::ZipWriter::new(File::create(&file).unwrap());
        writer.start_file("torch/lib/libtorch_cpu.so", zip::write::SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        let torch = wheels_for(ComputePlatform::Cpu).next().unwrap();
        let failure =
            unpack_wheel(torch, ComputePlatform::Cpu, &file, &folder.path().join("out")).unwrap_err().to_string();
        assert!(failure.contains("does not contain torch/lib/libtorch.so"), "{failure}");
    }

    #[test]
    fn peak_disk_usage_includes_wheels_and_unpacked_files() {
        // For the CPU, the peak is pip's two copies of torch's wheel.
        assert_eq!(gigabytes(peak_disk_usage(ComputePlatform::Cpu)), "1.2 GB");
        // For CUDA, it is all unpacked files and the last small wheel.
        assert_eq!(gigabytes(peak_disk_usage(ComputePlatform::Cuda)), "3.7 GB");
    }
}
