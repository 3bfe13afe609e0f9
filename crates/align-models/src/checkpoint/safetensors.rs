use super::entry::{Entry, Place, numel};
use super::error::{Result, malformed, shown};
use super::source::Source;
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use tch::Kind;

/// The longest header that the format allows.
const HEADER_LIMIT: u64 = 100_000_000;
/// Bytes of the header's length in front of it.
const PREFIX: u64 = 8;

/// The tensors of a safetensors file, in the order of their data. Reads the header only.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let fault = |reason: String| malformed(&source.path, reason);
    if source.len < PREFIX {
        return Err(fault(format!("is {} bytes long, too short for a safetensors file", source.len)));
    }
    let mut length = [0; PREFIX as usize];
    source.read_at(&mut length, 0)?;
    let length = u64::from_le_bytes(length);
    let room = source.len - PREFIX;
    if length > HEADER_LIMIT.min(room) {
        return Err(fault(format!(
            "is no safetensors file or was cut short: its header would be {length} bytes, {room} follow and the format \
             allows {HEADER_LIMIT}"
        )));
    }
    let mut header = vec![0; length as usize];
    source.read_at(&mut header, PREFIX)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| fault(format!("has a safetensors header that cannot be read: {error}")))?;
    let (described, held) = (metadata.data_len() as u64, room - length);
    if described != held {
        return Err(fault(format!(
            "is damaged or was cut short: its header describes {described} bytes of data, it holds {held}"
        )));
    }

    let mut entries = Vec::new();
    for name in metadata.offset_keys() {
        let Some(info) = metadata.info(&name) else { continue };
        let kind = kind(info.dtype).ok_or_else(|| {
            fault(format!("tensor `{}` is stored as {}, which is not read here", shown(&name), info.dtype))
        })?;
        let shape: Option<Vec<i64>> = info.shape.iter().map(|&size| i64::try_from(size).ok()).collect();
        let (shape, count) = shape
            .and_then(|shape| numel(&shape).map(|count| (shape, count)))
            .ok_or_else(|| fault(format!("tensor `{}` has an impossible shape {:?}", shown(&name), info.shape)))?;
        let start = PREFIX + length + info.data_offsets.0 as u64;
        let place = Place { file, start, numel: count, crc: None, offset: 0, strides: None };
        entries.push(Entry { name, kind, shape, place });
    }
    Ok(entries)
}

/// The tensors' dtype for one of the format's, where there is one.
fn kind(dtype: Dtype) -> Option<Kind> {
    KINDS.iter().find(|(_, d)| *d == dtype).map(|(kind, _)| *kind)
}

/// The format's dtype for a tensor's, where there is one.
pub(super) fn dtype(kind: Kind) -> Option<Dtype> {
    KINDS.iter().find(|(k, _)| *k == kind).map(|(_, dtype)| *dtype)
}

const KINDS: [(Kind, Dtype); 10] = [
    (Kind::Double, Dtype::F64),
    (Kind::Float, Dtype::F32),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Int16, Dtype::I16),
    (Kind::Int8, Dtype::I8),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
];
