use super::entry::Entry;
use super::error::{Result, malformed};
use super::pickle::{self, Heap, Input, StorageRef, Value};
use super::printable_name::printable_name;
use super::source::Source;
use super::state_dict::{self, Extent};
use std::collections::HashMap;
use std::io::BufReader;

/// The magic number 0x1950a86a20f9469cfc6c, as encoded in a pickle.
const MAGIC: &[u8] = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19";
/// The only version of the format.
const PROTOCOL: i64 = 1001;
/// Size of the element count before the data of each storage, in bytes.
const COUNT: u64 = 8;

/// Whether a file with these first bytes has this format. The magic number is preceded by two bytes, or by eleven with a newer pickle
/// protocol.
pub(super) fn has_magic_number(head: &[u8]) -> bool {
    head.starts_with(&[0x80]) && head.windows(MAGIC.len()).take(12).any(|window| window == MAGIC)
}

/// The tensors in a file written by torch before 1.6: pickles of a magic number, a version, the system of the writer, the state dict and
/// the keys of the storages, followed by the element count and elements of each storage.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let fault = |reason: String| malformed(&source.path, reason);
    let unread = |error: pickle::PickleError| error.at(&source.path);
    let budget = pickle::budget(source.len);
    let mut input = Input::new(BufReader::new(source.cursor()), source.len);

    pickle::load(&mut input, budget).map_err(unread)?;
    let (version, _) = pickle::load(&mut input, budget).map_err(unread)?;
    if !matches!(version, Value::Int(PROTOCOL)) {
        return Err(fault(format!("has an unknown version of torch's older format, expected {PROTOCOL}")));
    }
    let (system, heap) = pickle::load(&mut input, budget).map_err(unread)?;
    if matches!(heap.item(system, "little_endian"), Some(Value::Bool(false))) {
        return Err(fault("is big-endian, only little-endian is supported".to_owned()));
    }
    let (value, heap) = pickle::load(&mut input, budget).map_err(unread)?;
    let (keys, keys_heap) = pickle::load(&mut input, budget).map_err(unread)?;
    let extents = extents(source, &heap, &keys_heap, keys, input.consumed())?;

    let extent = |storage: &StorageRef, key: &str| -> std::result::Result<Extent, String> {
        let whole = *extents.get(key).ok_or_else(|| format!("holds no storage `{}`", printable_name(key)))?;
        let Some((first, numel)) = storage.view else {
            return Ok(whole);
        };
        if first.checked_add(numel).is_none_or(|end| end > whole.numel) {
            return Err(format!("has a view beyond its storage `{}`", printable_name(key)));
        }
        let start = whole.start + first * storage.kind.elt_size_in_bytes() as u64;
        Ok(Extent { start, numel, crc: None })
    };
    state_dict::entries(value, &heap, file, budget, extent).map_err(fault)
}

/// Finds the data of each storage by following the element counts.
fn extents(source: &Source, heap: &Heap, keys_heap: &Heap, keys: Value, start: u64) -> Result<HashMap<String, Extent>> {
    let fault = |reason: String| malformed(&source.path, reason);
    let mut storages: HashMap<&str, &StorageRef> = HashMap::new();
    for storage in heap.storages() {
        let first = storages.entry(heap.text(storage.key)).or_insert(storage);
        if (first.kind, first.numel) != (storage.kind, storage.numel) {
            return Err(fault(format!("describes storage `{}` in two ways", printable_name(heap.text(storage.key)))));
        }
    }
    let keys = keys_heap.list(keys).ok_or_else(|| fault("has no list of storages".to_owned()))?;
    let mut extents = HashMap::new();
    let mut at = start;
    for key in keys {
        let key =
            keys_heap.as_text(*key).ok_or_else(|| fault("names a storage by something else than text".to_owned()))?;
        let storage =
            storages.get(key).ok_or_else(|| fault(format!("lists an unknown storage `{}`", printable_name(key))))?;
        let truncated = || fault(format!("ends inside storage `{}`: it was probably truncated", printable_name(key)));
        let data = at.checked_add(COUNT).filter(|data| *data <= source.len).ok_or_else(truncated)?;
        let mut count = [0; COUNT as usize];
        source.read_at(&mut count, at)?;
        if u64::from_le_bytes(count) != storage.numel {
            let found = i64::from_le_bytes(count);
            let expected = storage.numel;
            return Err(fault(format!(
                "storage `{}` should hold {expected} elements, it says {found}",
                printable_name(key)
            )));
        }
        let bytes = storage.numel.checked_mul(storage.kind.elt_size_in_bytes() as u64).ok_or_else(truncated)?;
        at = data.checked_add(bytes).filter(|end| *end <= source.len).ok_or_else(truncated)?;
        let extent = Extent { start: data, numel: storage.numel, crc: None };
        if extents.insert(key.to_owned(), extent).is_some() {
            return Err(fault(format!("lists storage `{}` twice", printable_name(key))));
        }
    }
    Ok(extents)
}
