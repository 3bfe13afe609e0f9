//! The wheels that hold LibTorch, downloaded by pip.

use crate::failure::{Context, Failure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A wheel, and what of it LibTorch needs.
pub struct Wheel {
    /// The start of its file name.
    file_prefix: &'static str,
    /// The requirement, with the checksum of the one file that is meant.
    requirement: &'static str,
    /// A folder to take whole, and its place.
    pub folder: Option<(&'static str, &'static str)>,
    /// Files to take, each into `lib/`; all must be there.
    pub libraries: &'static [&'static str],
}

/// torch's CPU half still needs two small libraries of CUDA's to load. All of it is for any Python: no Python code of it
/// is used.
pub const WHEELS: [Wheel; 3] = [
    Wheel {
        file_prefix: "torch-",
        requirement: "torch==2.11.0 \
                      --hash=sha256:7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a",
        folder: Some(("torch/include/", "include/")),
        libraries: &[
            "torch/lib/libtorch_cpu.so",
            "torch/lib/libtorch.so",
            "torch/lib/libc10.so",
            "torch/lib/libgomp.so.1",
        ],
    },
    Wheel {
        file_prefix: "nvidia_cuda_runtime-",
        requirement: "nvidia-cuda-runtime==13.0.96 \
                      --hash=sha256:7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        folder: None,
        libraries: &["nvidia/cu13/lib/libcudart.so.13"],
    },
    Wheel {
        file_prefix: "nvidia_cuda_cupti-",
        requirement: "nvidia-cuda-cupti==13.0.85 \
                      --hash=sha256:4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        folder: None,
        libraries: &["nvidia/cu13/lib/libcupti.so.13"],
    },
];

/// One wheel serves every Python, so pip is told a fixed one instead of asking its own.
const FOR_LINUX_X86_64: [&str; 14] = [
    "--implementation",
    "cp",
    "--python-version",
    "3.11",
    "--abi",
    "cp311",
    "--platform",
    "manylinux_2_28_x86_64",
    "--platform",
    "manylinux_2_25_x86_64",
    "--platform",
    "manylinux_2_17_x86_64",
    "--platform",
    "manylinux2014_x86_64",
];

const NO_PIP: &str = "\
LibTorch is downloaded by pip, and no Python 3 with pip was found. Do one of these:
  - install pip: `apt install python3-pip` on Debian and Ubuntu, `dnf install python3-pip` on Fedora,
    or `python3 -m ensurepip --upgrade` for a Python of your own
  - set LIBTORCH to the folder of a LibTorch 2.11.0 that you have
  - set LIBTORCH_USE_PYTORCH=1 if your Python has torch 2.11.0";

/// Downloads the wheels into an empty folder; `work` takes pip's temporary files, which are as large as they.
pub fn download(work: &Path, wheels: &Path) -> Result<(), Failure> {
    let python = python_with_pip()?;
    let requirements = work.join("requirements.txt");
    let lines: String = WHEELS.iter().map(|wheel| format!("{}\n", wheel.requirement)).collect();
    fs::write(&requirements, lines).context(|| format!("cannot write {}", requirements.display()))?;
    let output = Command::new(python)
        .args(["-m", "pip", "download", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
        .args(["--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(FOR_LINUX_X86_64)
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(wheels)
        .env("TMPDIR", work)
        .output()
        .context(|| format!("cannot run {python}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Failure::new(format!(
        "pip could not download LibTorch ({}). It said:\n\n{}\n\nCheck the network and the disk; a pip older than 21 \
         does not know these wheels (`{python} -m pip install --upgrade pip`). A LibTorch 2.11.0 that you have works \
         without pip: set LIBTORCH to its folder.",
        output.status,
        last_lines(&String::from_utf8_lossy(&said), 20)
    )))
}

/// The file that pip gave for this wheel.
pub fn file_of(wheel: &Wheel, wheels: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(wheels).context(|| format!("cannot list {}", wheels.display()))?;
    let mut files = entries.filter_map(Result::ok).map(|entry| entry.path());
    files
        .find(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(wheel.file_prefix) && name.ends_with(".whl")
        })
        .ok_or_else(|| Failure::new(format!("pip gave no wheel {}*.whl", wheel.file_prefix)))
}

/// The first Python that has pip: an environment may hide the system's with one that has none.
fn python_with_pip() -> Result<&'static str, Failure> {
    ["python3", "/usr/bin/python3", "python"]
        .into_iter()
        .find(|python| {
            let version = Command::new(python).args(["-m", "pip", "--version"]).output();
            version.is_ok_and(|output| output.status.success())
        })
        .ok_or_else(|| Failure::new(NO_PIP))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::libtorch_check::TORCH_VERSION;

    #[test]
    fn the_wheels_are_of_the_version_that_is_checked() {
        assert!(WHEELS[0].requirement.starts_with(&format!("torch=={TORCH_VERSION} ")));
    }

    #[test]
    fn the_end_of_what_pip_said_is_kept() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }

    #[test]
    fn a_wheel_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(file_of(&WHEELS[0], folder.path()).is_err());
        for name in ["torchvision-1-py3-none-any.whl", "torch-2.11.0.tar.gz", "torch-2.11.0-cp311-cp311-x.whl"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = file_of(&WHEELS[0], folder.path()).unwrap();
        assert_eq!(found.file_name().unwrap(), "torch-2.11.0-cp311-cp311-x.whl");
    }
}
