//! Compressed files: `.jsonl.gz`, `.csv.zst` and the like.

use crate::{Error, Result};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// A file may expand to this many bytes plus a factor times its size. Text compresses to between a third and a tenth.
const BASE_BYTES: u64 = 32 << 20;
const MAX_EXPANSION: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compression {
    Gzip,
    Zstd,
}

impl Compression {
    fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_string_lossy().to_ascii_lowercase();
        match extension.as_str() {
            "gz" => Some(Self::Gzip),
            "zst" => Some(Self::Zstd),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
        }
    }
}

/// The name of a file without the extension of its compression: `a.jsonl` for `a.jsonl.gz`.
pub(super) fn inner_name(path: &Path) -> PathBuf {
    if Compression::of(path).is_some() { path.with_extension("") } else { path.to_owned() }
}

/// The decompressed bytes of a file that is read in parts; those of a file that is not compressed stay as they are. The reader decides how
/// much it takes, so that no limit on all bytes is needed.
pub(super) fn decompressed(path: &Path, file: impl Read + Send + 'static) -> Result<Box<dyn Read + Send>> {
    match Compression::of(path) {
        None => Ok(Box::new(file)),
        Some(Compression::Gzip) => Ok(Box::new(flate2::read::MultiGzDecoder::new(BufReader::new(file)))),
        Some(Compression::Zstd) => match zstd::stream::read::Decoder::new(file) {
            Ok(reader) => Ok(Box::new(reader)),
            Err(problem) => Err(Error::read(path, problem)),
        },
    }
}

/// The decompressed bytes of a file; those of a file that is not compressed stay as they are.
pub(super) fn decompress(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let Some(compression) = Compression::of(path) else { return Ok(bytes) };
    let limit = BASE_BYTES.saturating_add(MAX_EXPANSION.saturating_mul(bytes.len() as u64));
    let error = |problem: String| Error::Format { path: path.to_owned(), format: compression.name(), problem };
    let read = |reader: &mut dyn Read| {
        let mut text = Vec::new();
        reader.take(limit + 1).read_to_end(&mut text).map(|_| text)
    };
    let text = match compression {
        Compression::Gzip => read(&mut flate2::read::MultiGzDecoder::new(bytes.as_slice())),
        Compression::Zstd => {
            zstd::stream::read::Decoder::new(bytes.as_slice()).and_then(|mut reader| read(&mut reader))
        }
    };
    let text = text.map_err(|problem| error(problem.to_string()))?;
    if text.len() as u64 > limit {
        return Err(error(format!(
            "it expands to more than {limit} bytes, the most for a file of {} bytes ({BASE_BYTES} plus {MAX_EXPANSION} \
             per byte); decompress it first",
            bytes.len()
        )));
    }
    Ok(text)
}
