//! A safe unpickler that supports only state dicts written by `torch.save`.
//!
//! It does not execute code. A `GLOBAL` must be in a short list ([`globals`]). A `REDUCE` creates a dict, a description of a storage, or a
//! description of a tensor. All values are in a [`Heap`] and refer to each other by number, so nothing is traversed or freed recursively,
//! however deeply a file is nested. The number of opcodes is limited, and lengths are checked against the remaining bytes.

mod globals;
mod input;
mod opcode;
mod rebuild;
mod unpickler;
mod value;

pub(super) use input::Input;
pub(super) use unpickler::load;
pub(super) use value::{Heap, StorageRef, TensorRef, Value};

use super::error::{CheckpointError, malformed};
use std::path::Path;

/// Size limit of a pickle in bytes. The state dict of GPT-2 takes 20,000.
pub(super) const LIMIT: u64 = 16 << 20;
/// Maximum number of opcodes in a pickle. A tensor takes about 40.
const OPCODES: usize = 1 << 20;

/// Memory limit in bytes for the values of a file: a multiple of its size plus a constant. The description of a tensor takes less memory
/// than its data and padding.
const MEMORY_PER_BYTE: u64 = 3;
const BASE_MEMORY: u64 = 32 << 10;

/// The memory limit for the values of a file of `len` bytes. It is needed because an opcode of one byte can create a value of forty.
pub(super) fn budget(len: u64) -> u64 {
    len.saturating_mul(MEMORY_PER_BYTE).saturating_add(BASE_MEMORY)
}

/// Why a pickle cannot be read.
#[derive(Debug)]
pub(super) enum PickleError {
    /// It is malformed or not a pickle.
    Malformed(String),
    /// It contains something other than tensors.
    Unsafe(String),
    /// The file could not be read.
    Io(std::io::Error),
}

type Result<T> = std::result::Result<T, PickleError>;

impl PickleError {
    /// Converts it to an error for the file at `path`.
    pub(super) fn at(self, path: &Path) -> CheckpointError {
        match self {
            Self::Malformed(reason) => malformed(path, format!("has a pickle that cannot be read: {reason}")),
            Self::Unsafe(reason) => CheckpointError::Unsafe { path: path.to_path_buf(), reason },
            Self::Io(source) => CheckpointError::Io { path: path.to_path_buf(), source },
        }
    }
}

fn bad<T>(reason: impl Into<String>) -> Result<T> {
    Err(PickleError::Malformed(reason.into()))
}
