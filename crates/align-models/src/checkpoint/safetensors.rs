use super::entry::{DataLocation, Entry, numel};
use super::error::{Result, malformed};
use super::printable_name::printable_name;
use super::safetensors_header::{self, FileMetadata, HeaderEntry, Info, Shape};
use super::source::Source;
use safetensors::Dtype;
use tch::Kind;

/// Size limit of the header in the format, in bytes.
const HEADER_LIMIT: u64 = 100_000_000;
/// Size of the length field before the header, in bytes.
const PREFIX: u64 = 8;

/// The tensors in a safetensors file, in the order of their data. Reads only the header.
pub(super) fn entries(source: &Source, file: usize) -> Result<Vec<Entry>> {
    let fault = |reason: String| malformed(&source.path, reason);
    let header = header(source)?;
    let data_start = PREFIX + header.len() as u64;
    let mut described = safetensors_header::parse(&header)
        .map_err(|error| fault(format!("has a safetensors header that cannot be read: {error}")))?;
    drop(header);
    described.sort_unstable_by_key(|tensor| tensor.info.data_offsets);

    let data_len = source.len - data_start;
    let mut entries = Vec::with_capacity(described.len());
    let mut end = 0;
    for tensor in described {
        let entry = entry(tensor, data_start, &mut end, file).map_err(fault)?;
        entries.push(entry);
    }
    if end != data_len {
        return Err(fault(format!(
            "is damaged or truncated: its header describes {end} bytes of data, but the file contains {data_len}"
        )));
    }
    let mut names: Vec<&str> = entries.iter().map(Entry::name).collect();
    names.sort_unstable();
    if let Some([name, _]) = names.array_windows().find(|[one, next]| one == next) {
        return Err(fault(format!("contains tensor `{}` twice", printable_name(name))));
    }
    Ok(entries)
}

/// The metadata.
pub(super) fn metadata(source: &Source) -> Result<FileMetadata> {
    Ok(safetensors_header::metadata(&header(source)?))
}

/// Reads the header.
fn header(source: &Source) -> Result<Vec<u8>> {
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
            "is not a safetensors file or is truncated: its header length is {length} bytes, but {room} bytes follow and the format \
             allows at most {HEADER_LIMIT}"
        )));
    }
    let mut header = vec![0; length as usize];
    source.read_at(&mut header, PREFIX)?;
    Ok(header)
}

/// Checks a tensor. Its data must begin at `end`, the end of the previous tensor, which is updated.
fn entry(tensor: HeaderEntry, data_start: u64, end: &mut u64, file: usize) -> std::result::Result<Entry, String> {
    let HeaderEntry { name, info: Info { dtype, shape: Shape(shape), data_offsets: (from, to) } } = tensor;
    let name_printed = printable_name(&name);
    let kind = kind(&dtype).ok_or_else(|| {
        let narrow = ["F8", "F6", "F4"].iter().any(|bits| dtype.starts_with(bits));
        let dtype = printable_name(&dtype);
        match narrow {
            true => format!(
                "tensor `{name_printed}` is stored as {dtype}, a float of 8 bits or fewer, which is not supported: use the model's weights in \
                 bfloat16, or save it dequantised with transformers (model.dequantize())"
            ),
            false => format!("tensor `{name_printed}` is stored as {dtype}, which is not supported"),
        }
    })?;
    let count = numel(&shape).ok_or_else(|| format!("tensor `{name_printed}` has an impossible shape {shape:?}"))?;
    if from != *end {
        let problem = if from < *end { "overlaps another" } else { "leaves a gap" };
        return Err(format!("tensor `{name_printed}` {problem}: its data begins at byte {from}, expected {end}"));
    }
    let bytes = count.checked_mul(kind.elt_size_in_bytes() as u64);
    if bytes.is_none_or(|bytes| from.checked_add(bytes) != Some(to)) {
        let expected =
            bytes.map_or_else(|| "more bytes than any file has".to_owned(), |bytes| format!("{bytes} bytes"));
        return Err(format!(
            "tensor `{name_printed}`, {kind:?} of shape {shape:?}, needs {expected}, but its data_offsets are {from} and {to}"
        ));
    }
    *end = to;
    let location = DataLocation {
        file,
        start: data_start.saturating_add(from),
        numel: count,
        crc: None,
        offset: 0,
        strides: None,
    };
    Ok(Entry { name, kind, shape, location, gguf: None })
}

/// Converts a dtype of the format.
fn kind(dtype: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, known)| known.to_string() == dtype).map(|(kind, _)| *kind)
}

/// Converts a dtype to that of the format.
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
