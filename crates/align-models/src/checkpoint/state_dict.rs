use super::entry::{DataLocation, Entry, numel};
use super::pickle::{Heap, StorageRef, TensorRef, Value};
use super::printable_name::printable_name;
use super::read::span;
use std::collections::HashSet;

/// Maximum number of dimensions of a tensor.
const DIMENSIONS: usize = 16;

/// The location of a storage in the file, which has been checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub start: u64,
    /// Number of elements.
    pub numel: u64,
    pub crc: Option<u32>,
}

/// Approximate memory of the description of a tensor.
const DESCRIPTION: u64 = 256;

/// The tensors in an unpickled state dict. `extent` finds a storage by its key, and `budget` is the memory limit. Entries that are not
/// tensors are ignored.
pub(super) fn entries(
    value: Value,
    heap: &Heap,
    file: usize,
    budget: u64,
    extent: impl Fn(&StorageRef, &str) -> Result<Extent, String>,
) -> Result<Vec<Entry>, String> {
    let pairs = heap
        .dict(value)
        .ok_or_else(|| format!("holds {}, not a state dict: save the model's state_dict()", value.describe()))?;
    if pairs.len() as u64 * DESCRIPTION > budget {
        return Err(format!("describes {} tensors, too many for a file of its size", pairs.len()));
    }
    let mut entries = Vec::new();
    let mut names = HashSet::new();
    let mut others = Vec::new();
    for &(key, value) in pairs {
        let Some(name) = heap.as_text(key) else {
            return Err(format!("has {} where the name of a tensor should be", key.describe()));
        };
        let Some(tensor) = heap.tensor(value) else {
            others.push(name.to_owned());
            continue;
        };
        if !names.insert(name) {
            return Err(format!("contains tensor `{}` twice", printable_name(name)));
        }
        let entry = entry(name, tensor, heap, file, &extent);
        entries.push(entry.map_err(|reason| format!("tensor `{}`: {reason}", printable_name(name)))?);
    }
    if entries.is_empty() && !others.is_empty() {
        let keys = super::printable_name::printable_list(&others, 20);
        return Err(format!("contains no tensors at its top level, only {keys}: save the state dict by itself"));
    }
    if !others.is_empty() {
        tracing::debug!(entries = others.len(), "entries that are not tensors are ignored");
    }
    Ok(entries)
}

fn entry(
    name: &str,
    tensor: &TensorRef,
    heap: &Heap,
    file: usize,
    extent: &impl Fn(&StorageRef, &str) -> Result<Extent, String>,
) -> Result<Entry, String> {
    let storage = heap.storage(tensor.storage);
    let extent = extent(storage, heap.text(storage.key))?;
    let shape = sizes(heap, tensor.shape, "shape")?;
    let strides = sizes(heap, tensor.strides, "strides")?;
    if shape.len() != strides.len() {
        return Err(format!("has {} dimensions but {} strides", shape.len(), strides.len()));
    }
    let count = numel(&shape).ok_or("has a shape that overflows")?;
    let offset = u64::try_from(tensor.offset).map_err(|_| "has a negative offset")?;
    if count > 0 {
        let end = span(&shape, &strides).and_then(|span| span.checked_add(offset));
        if end.is_none_or(|end| end > extent.numel) {
            return Err(format!("reaches beyond its storage of {} elements", extent.numel));
        }
    }
    let location = DataLocation {
        file,
        start: extent.start,
        numel: extent.numel,
        crc: extent.crc,
        offset: if count > 0 { offset } else { 0 },
        strides: (!is_contiguous(&shape, &strides)).then_some(strides),
    };
    Ok(Entry { name: name.to_owned(), kind: storage.kind, shape, location, gguf: None })
}

/// The non-negative integers of a tuple.
fn sizes(heap: &Heap, tuple: Value, what: &str) -> Result<Vec<i64>, String> {
    let items = heap.tuple(tuple).ok_or_else(|| format!("has {} as {what}, not a tuple", tuple.describe()))?;
    if items.len() > DIMENSIONS {
        return Err(format!("has {} dimensions, at most {DIMENSIONS} are read", items.len()));
    }
    let size = |item: &Value| match *item {
        Value::Int(size) if size >= 0 => Ok(size),
        Value::Int(size) => Err(format!("has {size} in its {what}")),
        other => Err(format!("has {} in its {what}", other.describe())),
    };
    items.iter().map(size).collect()
}

/// Whether the strides are those of a contiguous tensor.
fn is_contiguous(shape: &[i64], strides: &[i64]) -> bool {
    let mut expected = 1_i64;
    for (&size, &stride) in shape.iter().zip(strides).rev() {
        if size != 1 && stride != expected {
            return false;
        }
        expected = expected.saturating_mul(size);
    }
    true
}
