//! An unpickler for what `torch.save` writes of a state dict, and for nothing else.
//!
//! It runs nothing: a `GLOBAL` is looked up in a short list ([`globals`]) and refused by name if it is not there, and a
//! `REDUCE` builds one of three things: a dict, a description of a storage, a description of a tensor. Values live in one
//! [`Heap`] and refer to each other by number, so nothing is followed or freed recursively, however deep a file nests.
//! Every opcode is counted against a fixed limit, and no length is believed beyond the bytes that are left.

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

/// Most bytes of one pickle. GPT-2's state dict takes 20,000.
pub(super) const LIMIT: u64 = 16 << 20;
/// Most opcodes of one pickle. A tensor takes about 40.
const OPCODES: usize = 1 << 20;

/// Bytes of memory that values may take for each byte of the file, and for the file as such. A tensor's own description takes
/// less than its data and the padding around it.
const MEMORY_A_BYTE: u64 = 3;
const LEAST_MEMORY: u64 = 32 << 10;

/// What the values of a file of `len` bytes may take in memory: opcodes of one byte make values of forty.
pub(super) fn budget(len: u64) -> u64 {
    len.saturating_mul(MEMORY_A_BYTE).saturating_add(LEAST_MEMORY)
}

/// Why a pickle was not read.
#[derive(Debug)]
pub(super) enum PickleError {
    /// It is not well-formed, or not a pickle.
    Malformed(String),
    /// It asks for something other than tensors.
    Unsafe(String),
    /// The file could not be read.
    Io(std::io::Error),
}

type Result<T> = std::result::Result<T, PickleError>;

impl PickleError {
    /// The error as one about the file at `path`.
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
