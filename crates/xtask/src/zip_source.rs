//! LibTorch's own zip as the source: `libtorch-shared-with-deps-…zip`, a file or an https address.

use crate::disk::{self, MEGABYTE};
use crate::failure::{Context, Failure};
use crate::fetch;
use crate::libtorch_check::TORCH_VERSION;
use crate::parts::Parts;
use crate::scratch::Work;
use crate::unpack::{MOST_BYTES, size, unpack};
use std::fmt;
use std::path::{Path, PathBuf};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ZipSource {
    File(PathBuf),
    Url(String),
}

/// The address of LibTorch's own zip.
pub fn official(parts: Parts) -> String {
    let device = match parts {
        Parts::Cpu => "cpu",
        Parts::Cuda => "cu130",
    };
    format!("https://download.pytorch.org/libtorch/{device}/libtorch-shared-with-deps-{TORCH_VERSION}%2B{device}.zip")
}

impl ZipSource {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        if text.starts_with("https://") {
            return Ok(Self::Url(text.to_owned()));
        }
        if text.contains("://") {
            // No checksum is known: the encrypted connection alone vouches for the file.
            return Err(Failure::new(format!("--from takes a file or an https address, not {text:?}")));
        }
        let file = Path::new(text);
        if file.is_dir() {
            let full = file.canonicalize().unwrap_or_else(|_| file.to_owned());
            return Err(Failure::new(format!("--from takes a zip, and {text} is a folder"))
                .remedy(format!("A LibTorch that is unpacked is used where it is: set LIBTORCH={}", full.display())));
        }
        // The marker keeps the path, and is read from elsewhere.
        file.canonicalize().context(|| format!("--from names {text}, which cannot be read")).map(Self::File)
    }

    /// Unpacks its `include/` and `lib/`.
    pub fn bring(&self, work: &Work, fresh: &Path) -> Result<(), Failure> {
        let file = match self {
            Self::File(file) => file.clone(),
            Self::Url(url) => {
                let file = work.folder.join("libtorch.zip");
                eprintln!(
                    "align: bringing LibTorch from {url}\n       (vouched for by the encrypted connection and the \
                     zip's own checksums)"
                );
                fetch::fetch(url, &file)?;
                file
            }
        };
        let needed = size(&file, |entry| place(entry).is_some()).map_err(|failure| self.not_it(&failure))?;
        disk::require(fresh, needed + 100 * MEGABYTE)?;
        eprintln!("align: unpacking {} of {self}", disk::gigabytes(needed));
        let filled = unpack(&file, fresh, MOST_BYTES, place)?;
        if filled.iter().any(|place| place == "lib/libtorch_cpu.so") {
            return Ok(());
        }
        Err(self.not_it(&Failure::new("it has no libtorch/lib/libtorch_cpu.so")))
    }

    fn not_it(&self, failure: &Failure) -> Failure {
        Failure::new(format!("{self} cannot be used: {failure}"))
            .remedy(format!("What is meant is a zip such as {}", official(Parts::Cpu)))
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

/// The place in `.libtorch` of an entry: the headers and all libraries, for those need one another.
fn place(entry: &str) -> Option<String> {
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
        assert_eq!(parse(&official(Parts::Cpu)).unwrap(), ZipSource::Url(official(Parts::Cpu)));
        assert!(parse("http://host/a.zip").unwrap_err().contains("https address"));
        assert!(parse("/no/such.zip").unwrap_err().contains("cannot be read"));
        assert!(parse(folder.path().to_str().unwrap()).unwrap_err().contains("set LIBTORCH="));
    }

    #[test]
    fn headers_and_libraries_are_taken() {
        assert_eq!(place("libtorch/lib/libgomp-1.so.1").as_deref(), Some("lib/libgomp-1.so.1"));
        assert_eq!(place("libtorch/include/torch/x.h").as_deref(), Some("include/torch/x.h"));
        for other in ["libtorch/lib/", "libtorch/share/cmake/x", "libtorch/build-version", "lib/x.so"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
