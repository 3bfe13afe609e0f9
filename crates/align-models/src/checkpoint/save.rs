use super::error::{CheckpointError, Result, io};
use super::safetensors::dtype;
use super::safetensors_header::FileMetadata;
use align_base::files::UnfinishedFile;
use safetensors::tensor::TensorInfo;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::Write;
use std::path::Path;
use tch::{Device, Tensor};

/// Number of elements written at a time.
const CHUNK: i64 = 1 << 19;

/// Writes named tensors as a safetensors file that transformers reads (metadata `{"format": "pt"}`).
///
/// The file is written atomically: under a temporary name in the same folder, then synced and renamed. Tensors are written in their dtype
/// and contiguously. For tied weights the caller passes only one of them.
///
/// # Errors
/// [`CheckpointError::Exists`] if the file exists and `overwrite` is false; [`CheckpointError::Unsavable`] for a duplicate name or a dtype
/// that the format does not have; I/O errors.
pub fn save_safetensors<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    overwrite: bool,
) -> Result<()> {
    save_safetensors_with(path, tensors, FileMetadata::default(), overwrite)
}

/// [`save_safetensors`] with metadata.
pub(crate) fn save_safetensors_with<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>,
    metadata: FileMetadata,
    overwrite: bool,
) -> Result<()> {
    let fail = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::AlreadyExists => CheckpointError::Exists { path: path.to_path_buf() },
        _ => io(path)(e),
    };
    let mut file = UnfinishedFile::begin(path, overwrite).map_err(fail)?;
    let tensors = in_file_order(tensors)?;
    let header = header(&tensors, metadata)?;
    file.write_all(&(header.len() as u64).to_le_bytes()).map_err(io(path))?;
    file.write_all(&header).map_err(io(path))?;
    let mut buffer = Vec::new();
    for (_, tensor) in &tensors {
        write_data(&mut file, tensor, &mut buffer, path)?;
    }
    file.finish().map_err(fail)
}

/// Sorts tensors by descending element size, then by name, as the reference implementation does, so that every tensor is aligned.
fn in_file_order<'a>(tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Result<Vec<(&'a str, &'a Tensor)>> {
    let mut tensors: Vec<_> = tensors.into_iter().collect();
    tensors.sort_by(|(a_name, a), (b_name, b)| {
        (b.kind().elt_size_in_bytes(), a_name).cmp(&(a.kind().elt_size_in_bytes(), b_name))
    });
    let mut names: Vec<_> = tensors.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first()).flatten())
    {
        return Err(unsavable(twice, "the name occurs twice"));
    }
    if names.contains(&"__metadata__") {
        return Err(unsavable("__metadata__", "the name is reserved by the format"));
    }
    Ok(tensors)
}

/// The header, whose fields are the metadata and the tensors in their order. The safetensors crate writes metadata in random order.
struct Header {
    metadata: FileMetadata,
    tensors: Vec<(String, TensorInfo)>,
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.tensors.len()))?;
        map.serialize_entry("__metadata__", &self.metadata)?;
        for (name, info) in &self.tensors {
            map.serialize_entry(name, info)?;
        }
        map.end()
    }
}

fn header(tensors: &[(&str, &Tensor)], metadata: FileMetadata) -> Result<Vec<u8>> {
    let mut infos = Vec::with_capacity(tensors.len());
    let mut end = 0;
    for (name, tensor) in tensors {
        let kind = tensor.kind();
        let dtype = dtype(kind).ok_or_else(|| unsavable(name, format!("safetensors has no dtype for {kind:?}")))?;
        let start = end;
        end += tensor.numel() * kind.elt_size_in_bytes();
        let shape = tensor.size().iter().map(|&size| size as usize).collect();
        infos.push(((*name).to_owned(), TensorInfo { dtype, shape, data_offsets: (start, end) }));
    }
    let header = Header { metadata: FileMetadata { format: Some("pt".to_owned()), ..metadata }, tensors: infos };
    let mut header = serde_json::to_vec(&header).map_err(|error| unsavable("__metadata__", error.to_string()))?;
    // The data starts at a multiple of 8.
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

fn write_data(file: &mut UnfinishedFile<'_>, tensor: &Tensor, buffer: &mut Vec<u8>, path: &Path) -> Result<()> {
    let size = tensor.kind().elt_size_in_bytes();
    let flat = tensor.f_detach()?.f_contiguous()?.f_view(-1)?;
    let count = flat.numel() as i64;
    let mut done = 0;
    while done < count {
        let step = (count - done).min(CHUNK);
        let chunk = flat.f_narrow(0, done, step)?.f_to_device(Device::Cpu)?;
        let bytes = step as usize * size;
        buffer.resize(bytes, 0);
        chunk.f_copy_data_u8(buffer, step as usize)?;
        file.write_all(buffer).map_err(io(path))?;
        done += step;
    }
    Ok(())
}

fn unsavable(name: &str, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Unsavable { name: name.to_owned(), reason: reason.into() }
}
