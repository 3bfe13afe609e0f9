//! LibTorch's own zip (`libtorch-shared-with-deps-…zip`) as the source: a file or an https address.

use crate::compute_platform::ComputePlatform;
use crate::disk::{self, MEGABYTE};
use crate::failure::{Context, Failure};
use crate::fetch;
use crate::libtorch_check::TORCH_VERSION;
use crate::unpack::{MAX_UNPACKED_BYTES, size, unpack};
use crate::work_folder::WorkFolder;
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZipSource {
    File(PathBuf),
    Url(String),
}

/// The address of the official zip for a platform.
pub fn official(platform: ComputePlatform) -> String {
    let device = match platform {
        ComputePlatform::Cpu => "cpu",
        ComputePlatform::Cuda => "cu130",
    };
    format!("https://download.pytorch.org/libtorch/{device}/libtorch-shared-with-deps-{TORCH_VERSION}%2B{device}.zip")
}

impl ZipSource {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.contains("://") {
            // No checksum is known, so only an encrypted connection is accepted.
            return Err(Failure::new(format!("--from needs a file or an https address, found {text:?}")));
        }
        let file = Path::new(text);
        if file.is_dir() {
            let full = file.canonicalize().unwrap_or_else(|_| file.to_owned());
            return Err(Failure::new(format!("--from needs a zip, but {text} is a folder"))
                .remedy(format!("To use an unpacked LibTorch, set LIBTORCH={}", full.display())));
        }
        // An absolute path, because it is stored in the marker.
        file.canonicalize().context(|| format!("--from names {text}, which cannot be read")).map(Self::File)
    }

    /// Unpacks `include/` and `lib/` of the zip.
    pub fn unpack_into(&self, work: &WorkFolder, staging: &Path) -> Result<(), Failure> {
        let file = match self {
            Self::File(file) => file.clone(),
            Self::Url(url) => {
                let file = work.path.join("libtorch.zip");
                eprintln!(
                    "align: downloading LibTorch from {url}\n       (protected by the encrypted connection and the zip's \
                     internal checksums)"
                );
                fetch::fetch(url, &file)?;
                file
            }
        };
        let needed = size(&file, |entry| target(entry).is_some()).map_err(|failure| self.unusable(&failure))?;
        disk::require(staging, needed + 100 * MEGABYTE)?;
        eprintln!("align: unpacking {} of {self}", disk::gigabytes(needed));
        let written = unpack(&file, staging, MAX_UNPACKED_BYTES, target)?;
        if written.iter().any(|path| path == "lib/libtorch_cpu.so") {
            return Ok(());
        }
        Err(self.unusable(&Failure::new("it has no libtorch/lib/libtorch_cpu.so")))
    }

    fn unusable(&self, failure: &Failure) -> Failure {
        Failure::new(format!("{self} cannot be used: {failure}"))
            .remedy(format!("Expected a zip such as {}", official(ComputePlatform::Cpu)))
    }
}

impl fmt::Display for ZipSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => file.display().fmt(f),
            Self::Url(url) => f.write_str(url),
        }
    }
}

/// The target of an entry in `.libtorch`: headers and all libraries are unpacked.
fn target(entry: &str) -> Option<String> {
    let inside = entry.strip_prefix("libtorch/")?;
    let wanted = inside.starts_with("include/") || inside.starts_with("lib/");
    (wanted && !inside.ends_with('/')).then(|| inside.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn files_and_https_addresses_are_sources() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.zip");
        std::fs::write(&file, "").unwrap();
        let parse = |text: &str| ZipSource::parse(text).map_err(|failure| failure.to_string());
        assert_eq!(parse(file.to_str().unwrap()).unwrap(), ZipSource::File(file.canonicalize().unwrap()));
        assert_eq!(parse(&official(ComputePlatform::Cpu)).unwrap(), ZipSource::Url(official(ComputePlatform::Cpu)));
        assert!(parse("http://host/a.zip").unwrap_err().contains("https address"));
        assert!(parse("/no/such.zip").unwrap_err().contains("cannot be read"));
        assert!(parse(folder.path().to_str().unwrap()).unwrap_err().contains("set LIBTORCH="));
    }

    #[test]
    fn headers_and_libraries_are_selected() {
        assert_eq!(target("libtorch/lib/libgomp-1.so.1").as_deref(), Some("lib/libgomp-1.so.1"));
        assert_eq!(target("libtorch/include/torch/x.h").as_deref(), Some("include/torch/x.h"));
        for other in ["libtorch/lib/", "libtorch/share/cmake/x", "libtorch/build-version", "lib/x.so"] {
            assert_eq!(target(other), None, "{other}");
        }
    }
}
