//! Downloads one wheel through pip.

use crate::disk::OnDisk;
use crate::failure::Failure;
use crate::pip_failure;
use crate::progress::DownloadProgress;
use crate::subprocess;
use crate::wheels::Wheel;
use crate::work_folder::create_dir;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// LibTorch's files do not depend on the Python version, so pip always downloads the wheel for this one.
const FOR_LINUX_X86_64: [&str; 6] = ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"];

const PLATFORMS: [&str; 6] = ["_2_28", "_2_27", "_2_25", "_2_18", "_2_17", "2014"];

/// Downloads the wheel into an empty folder, which is also used for pip's temporary files.
pub fn download(python: &Path, wheel: &Wheel, folder: &Path) -> Result<PathBuf, Failure> {
    let destination = folder.join("wheel");
    create_dir(&destination)?;
    let requirements = folder.join("requirements.txt");
    let line = format!("{}=={} --hash=sha256:{}\n", wheel.distribution, wheel.version, wheel.sha256);
    fs::write(&requirements, line).on_disk(|| format!("cannot write {}", requirements.display()))?;
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "download", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
        // Without this, pip would keep a second copy of each wheel in its cache.
        .args(["--no-cache-dir", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(FOR_LINUX_X86_64)
        .args(PLATFORMS.iter().flat_map(|version| ["--platform".to_owned(), format!("manylinux{version}_x86_64")]))
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&destination)
        .env("TMPDIR", folder);
    if env::var_os("PIP_RESUME_RETRIES").is_none() {
        // As a variable, since pip before 25.1 does not know the option.
        command.env("PIP_RESUME_RETRIES", "5");
    }
    let mut meter = DownloadProgress::new(folder, Some(wheel.bytes));
    let finished = subprocess::run(&mut command, || meter.tick())?;
    drop(meter);
    if !finished.status.success() {
        return Err(pip_failure::explain(wheel, python, finished.status, &finished.output));
    }
    find_wheel(&destination)
}

fn find_wheel(folder: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(folder).on_disk(|| format!("cannot list {}", folder.display()))?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|file| file.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Failure::new(format!("pip succeeded, but there is no wheel in {}", folder.display())))
}

/// The first Python on PATH that has pip. A virtual environment's Python may have none.
pub fn python_with_pip() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let candidates = ["python3", "python"].into_iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    candidates.filter(|python| python.is_file()).find(|python| {
        let version = Command::new(python).args(["-m", "pip", "--version"]).output();
        version.is_ok_and(|output| output.status.success())
    })
}
