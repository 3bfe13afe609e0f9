use super::entry::{Entry, numel};
use super::error::{Result, malformed};
use super::printable_name::printable_name;
use super::source::Source;
use tch::{Device, Kind, Tensor};

/// Number of bytes read at a time. It is small enough that they stay in the cache during conversion, and that LibTorch copies them on one
/// thread (on a busy machine 500 MB took 4.4 s with 2 MiB, and 0.6 s with this size). A multiple of every element size.
const CHUNK: usize = 64 << 10;

/// Reads a tensor, converted to `kind` on `device`. Memory is needed only for the tensor and one chunk of the file.
pub(super) fn read(source: &Source, entry: &Entry, kind: Kind, device: Device) -> Result<Tensor> {
    let location = &entry.location;
    let fault = |reason: &str| malformed(&source.path, format!("tensor `{}` {reason}", printable_name(&entry.name)));
    let count = numel(&entry.shape).ok_or_else(|| fault("has an impossible shape"))?;
    // With repeated elements a small file could describe a tensor of any size.
    if count > location.numel {
        return Err(fault("repeats elements of its storage (an expanded view): save it again after .contiguous()"));
    }
    let Some(strides) = location.strides.as_ref().filter(|_| count > 0) else {
        return Ok(stream(source, entry, location.offset, count, kind, device)?.f_view(entry.shape.as_slice())?);
    };
    let span = span(&entry.shape, strides).ok_or_else(|| fault("has impossible strides"))?;
    let flat = stream(source, entry, location.offset, span, entry.kind, Device::Cpu)?;
    let view = flat.f_as_strided(entry.shape.as_slice(), strides.as_slice(), 0)?;
    let result = Tensor::f_empty(entry.shape.as_slice(), (kind, device))?;
    result.shallow_clone().f_copy_(&view)?;
    Ok(result)
}

/// The number of elements from the first to the last of a view, inclusive; `None` on overflow or a negative stride. Sizes are positive.
pub(super) fn span(shape: &[i64], strides: &[i64]) -> Option<u64> {
    shape.iter().zip(strides).try_fold(1_u64, |span, (&size, &stride)| {
        let steps = u64::try_from(size).ok()?.checked_sub(1)?;
        span.checked_add(steps.checked_mul(u64::try_from(stride).ok()?)?)
    })
}

/// Reads `count` elements starting with `first` as a flat tensor.
fn stream(source: &Source, entry: &Entry, first: u64, count: u64, kind: Kind, device: Device) -> Result<Tensor> {
    let location = &entry.location;
    let fault = |reason: &str| malformed(&source.path, format!("tensor `{}` {reason}", printable_name(&entry.name)));
    let size = entry.kind.elt_size_in_bytes();
    let too_large = || fault("is larger than this machine can address");
    let bytes = usize::try_from(count).ok().and_then(|n| n.checked_mul(size)).ok_or_else(too_large)?;
    let start = first.checked_mul(size as u64).and_then(|n| n.checked_add(location.start)).ok_or_else(too_large)?;
    if start.checked_add(bytes as u64).is_none_or(|end| end > source.len) {
        return Err(fault("reaches beyond the end of the file"));
    }
    let flat = Tensor::f_empty([i64::try_from(count).map_err(|_| too_large())?], (kind, device))?;
    let mut buffer = vec![0; bytes.min(CHUNK)];
    // The checksum is that of the whole storage.
    let is_complete = first == 0 && count == location.numel;
    let mut checked = location.crc.filter(|_| is_complete).map(|crc| (crc, crc32fast::Hasher::new()));
    let mut done = 0;
    while done < bytes {
        let step = (bytes - done).min(CHUNK);
        let chunk = &mut buffer[..step];
        source.read_at(chunk, start + done as u64)?;
        if let Some((_, hasher)) = &mut checked {
            hasher.update(chunk);
        }
        let elements = (step / size) as i64;
        let chunk = match entry.kind {
            // A byte that is neither 0 nor 1 is not a valid bool.
            Kind::Bool => Tensor::f_from_data_size(chunk, &[elements], Kind::Uint8)?.f_ne(0)?,
            kind => Tensor::f_from_data_size(chunk, &[elements], kind)?,
        };
        flat.f_narrow(0, (done / size) as i64, elements)?.f_copy_(&chunk)?;
        done += step;
    }
    if checked.is_some_and(|(expected, hasher)| hasher.finalize() != expected) {
        return Err(fault("is damaged: its checksum does not match the stored one; download the file again"));
    }
    Ok(flat)
}
