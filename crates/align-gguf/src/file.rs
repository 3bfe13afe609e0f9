use crate::dequantize::dequantize;
use crate::error::{GgufError, Result, io_error, malformed};
use crate::header::{self, Header};
use crate::{Metadata, TensorInfo};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// An open file. Its metadata and the descriptions of its tensors were read, but no data.
#[derive(Debug)]
pub struct GgufFile {
    path: PathBuf,
    file: File,
    header: Header,
}

/// Values converted at a time: whole blocks of every type, which stay in the processor's cache.
const CHUNK: usize = 16 << 10;

impl GgufFile {
    /// Whether a path is a GGUF file: a regular file that begins with `GGUF`, or whose name ends in `.gguf`.
    #[must_use]
    pub fn is_gguf(path: &Path) -> bool {
        // Opening a pipe would block.
        if !path.is_file() {
            return false;
        }
        let mut magic = [0; 4];
        let begins = File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"GGUF";
        begins || Self::has_extension(path)
    }

    /// Whether the name of a path ends in `.gguf`.
    #[must_use]
    pub fn has_extension(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"))
    }

    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// The file is missing, truncated or damaged, or it has a version, byte order or type of tensor that is not supported.
    pub fn open(path: &Path) -> Result<Self> {
        if !std::fs::metadata(path).map_err(io_error(path))?.is_file() {
            return Err(malformed(path, "is not a regular file"));
        }
        let file = File::open(path).map_err(io_error(path))?;
        let len = file.metadata().map_err(io_error(path))?.len();
        let header = header::parse(path, &file, len)?;
        Ok(Self { path: path.to_path_buf(), file, header })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The metadata.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.header.metadata
    }

    /// The tensors, in the order of the file.
    #[must_use]
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.header.tensors
    }

    /// The tensor with this name.
    #[must_use]
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        self.header.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// Reads the values of a tensor of this file and calls `consume` with one part after the other. Memory is needed only for a part.
    ///
    /// # Errors
    /// The file cannot be read any more, or `consume` fails.
    pub fn read<E: From<GgufError>>(
        &self,
        tensor: &TensorInfo,
        mut consume: impl FnMut(&[f32]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let kind = tensor.kind;
        let blocks_at_once = CHUNK / kind.block_size();
        let mut blocks = usize::try_from(tensor.numel()).unwrap_or(usize::MAX) / kind.block_size();
        let mut at = self.header.data_start + tensor.offset;
        let mut bytes = vec![0; blocks.min(blocks_at_once) * kind.block_bytes()];
        let mut values = vec![0.0; blocks.min(blocks_at_once) * kind.block_size()];
        while blocks > 0 {
            let step = blocks.min(blocks_at_once);
            let (bytes, values) = (&mut bytes[..step * kind.block_bytes()], &mut values[..step * kind.block_size()]);
            self.file.read_exact_at(bytes, at).map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof => malformed(&self.path, "ends too early: it was truncated while it was read"),
                _ => io_error(&self.path)(error),
            })?;
            dequantize(kind, bytes, values);
            consume(values)?;
            at += bytes.len() as u64;
            blocks -= step;
        }
        Ok(())
    }
}
