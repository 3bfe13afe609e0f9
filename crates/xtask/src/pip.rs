//! Downloading one wheel through pip.

use crate::child;
use crate::disk::OnDisk;
use crate::failure::Failure;
use crate::pip_failure;
use crate::progress::Meter;
use crate::scratch::create_dir;
use crate::wheels::Wheel;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One wheel serves every Python, so pip is told a fixed one instead of asking its own.
const FOR_LINUX_X86_64: [&str; 6] = ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"];

const PLATFORMS: [&str; 6] = ["_2_28", "_2_27", "_2_25", "_2_18", "_2_17", "2014"];

/// Downloads the wheel into the folder, which takes pip's temporary files too and should be empty.
pub fn download(python: &Path, wheel: &Wheel, folder: &Path) -> Result<PathBuf, Failure> {
    let place = folder.join("wheel");
    create_dir(&place)?;
    let requirements = folder.join("requirements.txt");
    let line = format!("{}=={} --hash=sha256:{}\n", wheel.distribution, wheel.version, wheel.sha256);
    fs::write(&requirements, line).on_disk(|| format!("cannot write {}", requirements.display()))?;
    let mut command = Command::new(python);
    command
        .args(["-m", "pip", "download", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"])
        // The wheels would stay in the cache of the home folder, as large again.
        .args(["--no-cache-dir", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(FOR_LINUX_X86_64)
        .args(PLATFORMS.iter().flat_map(|version| ["--platform".to_owned(), format!("manylinux{version}_x86_64")]))
        .arg("--requirement")
        .arg(&requirements)
        .arg("--dest")
        .arg(&place)
        .env("TMPDIR", folder);
    if env::var_os("PIP_RESUME_RETRIES").is_none() {
        // A variable, for a pip before 25.1 does not know the option.
        command.env("PIP_RESUME_RETRIES", "5");
    }
    let mut meter = Meter::new(folder, Some(wheel.bytes));
    let ended = child::run(&mut command, || meter.tick())?;
    drop(meter);
    if !ended.status.success() {
        return Err(pip_failure::explain(wheel, python, ended.status, &ended.said));
    }
    the_wheel_in(&place)
}

fn the_wheel_in(place: &Path) -> Result<PathBuf, Failure> {
    let entries = fs::read_dir(place).on_disk(|| format!("cannot list {}", place.display()))?;
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|file| file.extension().is_some_and(|extension| extension == "whl"))
        .ok_or_else(|| Failure::new(format!("pip ended well, but left no wheel in {}", place.display())))
}

/// The first Python on PATH that has pip: an environment may hide the system's with one that has none.
pub fn python_with_pip() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let candidates = ["python3", "python"].into_iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    candidates.filter(|python| python.is_file()).find(|python| {
        let version = Command::new(python).args(["-m", "pip", "--version"]).output();
        version.is_ok_and(|output| output.status.success())
    })
}
