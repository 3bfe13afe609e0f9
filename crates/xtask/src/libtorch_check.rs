//! Checks whether a folder contains a LibTorch that tch can use.

use crate::failure::Failure;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::Path;

/// The torch version that this workspace's tch needs.
pub const TORCH_VERSION: &str = "2.11.0";

/// Headers that a complete `include/` contains.
const HEADERS: [&str; 3] = ["ATen/Context.h", "torch/csrc/autograd/engine.h", "torch/csrc/api/include/torch/torch.h"];

/// Headers with torch's version number, for newer and older versions.
const VERSION_HEADERS: [&str; 2] = ["torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h"];

/// Checks the headers under `include_root`, the libraries under `lib_root`, and the version. An error names the problem.
pub fn check(include_root: &Path, lib_root: &Path, any_version: bool) -> Result<(), Failure> {
    let include = include_root.join("include");
    for header in HEADERS {
        require(&include.join(header))?;
    }
    for library in ["torch_cpu", "torch", "c10"] {
        require(&lib_root.join("lib").join(format!("{DLL_PREFIX}{library}{DLL_SUFFIX}")))?;
    }
    let found = version(&include)?;
    let minor = |version: &str| version.split('.').take(2).collect::<Vec<_>>().join(".");
    if !any_version && minor(&found) != minor(TORCH_VERSION) {
        return Err(Failure::new(format!("{} is torch {found}; {TORCH_VERSION} is needed", include_root.display())));
    }
    Ok(())
}

fn require(file: &Path) -> Result<(), Failure> {
    if file.is_file() { Ok(()) } else { Err(Failure::new(format!("{} is missing", file.display()))) }
}

/// The version in the headers, as `major.minor.patch`.
pub fn version(include: &Path) -> Result<String, Failure> {
    for header in VERSION_HEADERS {
        let Ok(text) = fs::read_to_string(include.join(header)) else {
            continue;
        };
        let numbers: Vec<&str> =
            ["MAJOR", "MINOR", "PATCH"].iter().filter_map(|part| version_number(&text, part)).collect();
        if numbers.len() == 3 {
            return Ok(numbers.join("."));
        }
    }
    Err(Failure::new(format!("{} does not state torch's version", include.join(VERSION_HEADERS[0]).display())))
}

fn version_number<'a>(header: &'a str, part: &str) -> Option<&'a str> {
    header.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let named = words.next() == Some("#define") && words.next()?.strip_prefix("TORCH_VERSION_") == Some(part);
        words.next().filter(|number| named && number.bytes().all(|b| b.is_ascii_digit()))
    })
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    /// Writes the files that [`check`] looks for.
    pub fn write_fake_torch(root: &Path, minor: u32) {
        let write = |name: &str, text: &str| {
            let file = root.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        for header in HEADERS {
            write(&format!("include/{header}"), "");
        }
        for library in ["torch_cpu", "torch", "c10"] {
            write(&format!("lib/{DLL_PREFIX}{library}{DLL_SUFFIX}"), "");
        }
        let numbers = format!(
            "#pragma once\n#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR {minor}\n\
             #define TORCH_VERSION_PATCH 0\n#define TORCH_VERSION_ABI_TAG 0\n"
        );
        write("include/torch/headeronly/version.h", &numbers);
    }

    #[test]
    fn a_complete_folder_of_the_right_version_passes() {
        let folder = tempfile::tempdir().unwrap();
        write_fake_torch(folder.path(), 11);
        check(folder.path(), folder.path(), false).unwrap();
    }

    #[test]
    fn another_version_is_named() {
        let folder = tempfile::tempdir().unwrap();
        write_fake_torch(folder.path(), 9);
        let failure = check(folder.path(), folder.path(), false).unwrap_err().to_string();
        assert!(failure.contains("torch 2.9.0") && failure.contains("2.11.0 is needed"), "{failure}");
        check(folder.path(), folder.path(), true).unwrap();
    }

    #[test]
    fn each_missing_file_is_named() {
        let mut files: Vec<String> = HEADERS.iter().map(|h| format!("include/{h}")).collect();
        files.push(format!("lib/{DLL_PREFIX}torch_cpu{DLL_SUFFIX}"));
        files.push("include/torch/headeronly/version.h".to_owned());
        for file in files {
            let folder = tempfile::tempdir().unwrap();
            write_fake_torch(folder.path(), 11);
            fs::remove_file(folder.path().join(&file)).unwrap();
            let failure = check(folder.path(), folder.path(), false).unwrap_err().to_string();
            assert!(failure.contains(&file), "{failure}");
        }
    }
}
