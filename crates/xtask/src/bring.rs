//! Downloading LibTorch and unpacking what is needed of it.

use crate::disk::{self, MEGABYTE, gigabytes};
use crate::failure::Failure;
use crate::fetch;
use crate::interrupt;
use crate::libtorch_check::TORCH_VERSION;
use crate::parts::Parts;
use crate::pip;
use crate::pip_failure::zip_remedy;
use crate::scratch::{Work, create_dir};
use crate::unpack;
use crate::wheels::{Wheel, library_place, needed};
use crate::zip_source::{self, ZipSource};
use std::fs;
use std::path::Path;

/// Fills the fresh folder from the wheels; where no pip is, from LibTorch's own zip.
pub fn download(parts: Parts, work: &Work, fresh: &Path) -> Result<(), Failure> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(elsewhere());
    }
    let Some(python) = pip::python_with_pip() else {
        return without_pip(parts, work, fresh);
    };
    let room = room(parts);
    disk::require(fresh, room)?;
    eprintln!(
        "align: bringing LibTorch {TORCH_VERSION}{} into .libtorch: {} to download through pip, {} on disk in the end, \
         {} meanwhile",
        if parts == Parts::Cuda { " with CUDA 13" } else { "" },
        gigabytes(needed(parts).map(|wheel| wheel.bytes).sum()),
        gigabytes(needed(parts).map(|wheel| wheel.unpacked_bytes(parts)).sum()),
        gigabytes(room)
    );
    let count = needed(parts).count();
    for (number, wheel) in needed(parts).enumerate() {
        eprintln!(
            "align: {:>2}/{count} {} {} ({} MB)",
            number + 1,
            wheel.distribution,
            wheel.version,
            wheel.bytes.div_ceil(MEGABYTE)
        );
        bring_wheel(&python, wheel, parts, work, fresh)?;
    }
    Ok(())
}

/// One wheel after the other, each gone before the next: all at once would take twice the room.
fn bring_wheel(python: &Path, wheel: &Wheel, parts: Parts, work: &Work, fresh: &Path) -> Result<(), Failure> {
    let folder = work.folder.join("pip");
    create_dir(&folder)?;
    let file = pip::download(python, wheel, &folder)?;
    unpack_wheel(wheel, parts, &file, fresh)?;
    fs::remove_dir_all(&folder).map_err(|e| Failure::new(format!("cannot remove {}: {e}", folder.display())))
}

/// The most that the disk holds at once: what is unpacked, and a wheel twice over, since pip copies it into its place.
pub fn room(parts: Parts) -> u64 {
    let mut unpacked = 0;
    let mut most = 0;
    for wheel in needed(parts) {
        let then = unpacked + wheel.unpacked_bytes(parts);
        most = most.max(unpacked + 2 * wheel.bytes).max(then + wheel.bytes);
        unpacked = then;
    }
    most + 50 * MEGABYTE
}

fn unpack_wheel(wheel: &Wheel, parts: Parts, file: &Path, fresh: &Path) -> Result<(), Failure> {
    // Some wheels hold as much again that nobody needs; what is taken is known in advance.
    let most_bytes = 2 * wheel.unpacked_bytes(parts);
    let filled = unpack::unpack(file, fresh, most_bytes, |entry| {
        if wheel.libraries(parts).any(|library| library == entry) {
            return Some(library_place(entry));
        }
        let (from, to) = wheel.folder?;
        let rest = entry.strip_prefix(from)?;
        // Some zip writers list folders as entries of their own.
        (!rest.is_empty() && !rest.ends_with('/')).then(|| format!("{to}{rest}"))
    })?;
    match wheel.libraries(parts).find(|library| !filled.contains(&library_place(library))) {
        Some(library) => Err(Failure::new(format!("{} does not hold {library}", file.display()))),
        None => Ok(()),
    }
}

fn without_pip(parts: Parts, work: &Work, fresh: &Path) -> Result<(), Failure> {
    if !fetch::possible() {
        return Err(Failure::new("LibTorch is downloaded by pip, and no Python 3 with pip was found.")
            .remedy(format!("{INSTALL_PIP} Without it:\n{}", zip_remedy())));
    }
    let (megabytes, what) = match parts {
        Parts::Cpu => (1_500, ""),
        Parts::Cuda => (9_000, " with CUDA 13"),
    };
    disk::require(fresh, megabytes * MEGABYTE)?;
    eprintln!("align: no Python 3 with pip is here, so LibTorch's own zip{what} is taken");
    let zip = ZipSource::Url(zip_source::official(parts));
    zip.bring(work, fresh).map_err(|failure| match interrupt::asked() {
        true => failure,
        false => failure.remedy(format!("With pip LibTorch comes from the package index instead. {INSTALL_PIP}")),
    })
}

const INSTALL_PIP: &str = "Install pip: `apt install python3-pip` on Debian and Ubuntu, `dnf install python3-pip` on \
                           Fedora, or `python3 -m ensurepip --upgrade` for a Python of your own.";

fn elsewhere() -> Failure {
    let remedy = if cfg!(target_os = "macos") {
        "macOS is untested. `pip install torch==2.11.0`, then LIBTORCH_USE_PYTORCH=1 and \
         DYLD_LIBRARY_PATH=TORCH/lib with that torch's folder, are what should serve."
    } else if cfg!(windows) {
        "Windows is untested. Unpack the official zip for Windows, set LIBTORCH to its folder and put its lib folder on \
         PATH, then use plain cargo; or work in WSL 2, which is Linux."
    } else {
        "Here it is untested: get LibTorch 2.11.0 for this system (`pip install torch==2.11.0`, or build it) and set \
         LIBTORCH to its folder, or LIBTORCH_USE_PYTORCH=1 for the torch of your Python."
    };
    Failure::new("LibTorch can be brought only on Linux x86-64 with glibc").remedy(remedy)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use std::fs::File;

    #[test]
    fn a_wheel_without_a_library_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("torch-2.11.0.whl");
        let mut writer = zip::ZipWriter::new(File::create(&file).unwrap());
        writer.start_file("torch/lib/libtorch_cpu.so", zip::write::SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        let torch = needed(Parts::Cpu).next().unwrap();
        let failure = unpack_wheel(torch, Parts::Cpu, &file, &folder.path().join("out")).unwrap_err().to_string();
        assert!(failure.contains("does not hold torch/lib/libtorch.so"), "{failure}");
    }

    #[test]
    fn the_room_is_that_of_the_fullest_moment() {
        // The CPU half: pip's two copies of torch's wheel.
        assert_eq!(gigabytes(room(Parts::Cpu)), "1.2 GB");
        // With CUDA: what is unpacked in the end, and the last small wheel.
        assert_eq!(gigabytes(room(Parts::Cuda)), "3.7 GB");
    }
}
