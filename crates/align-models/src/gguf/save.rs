//! Writing a model as a GGUF file.

use super::architecture::{Architecture, Storage};
use super::tensors::{interleave, is_linear};
use super::{metadata, rope};
use crate::checkpoint::CheckpointError;
use crate::{Error, Result, TrainableModel};
use align_base::files::UnfinishedFile;
use align_gguf::{GgufWriter, Metadata, TensorInfo, TensorType, Value};
use std::io::{ErrorKind, Write};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Values converted at a time: whole blocks of every type.
const CHUNK: i64 = 1 << 19;
/// The version of the quantised types in ggml.
const QUANTIZATION_VERSION: u32 = 2;

/// How a model is written as a GGUF file.
#[derive(Debug, Clone)]
pub struct GgufOptions {
    /// The type of the matrices: F32, F16, BF16 or Q8_0. Vectors and learned positions are always F32. A matrix whose rows Q8_0 cannot
    /// divide into blocks becomes F16.
    pub tensor_type: TensorType,
    /// The name of the model for people, `general.name`.
    pub name: Option<String>,
    /// Whether an existing file is replaced.
    pub overwrite: bool,
}

/// Writes a model and the metadata of its tokeniser (see `Tokenizer::gguf_metadata` of align-data) as a file that llama.cpp and programs
/// based on it load. The file is written atomically.
///
/// # Errors
/// GGUF or llama.cpp cannot express the model's architecture or a field of its config; the model has an adapter that is not merged; the
/// file exists and may not be overwritten; I/O errors.
pub fn save_gguf<M: TrainableModel + ?Sized>(
    path: &Path,
    model: &M,
    tokenizer: &Metadata,
    options: &GgufOptions,
) -> Result<()> {
    let fail = |reason: String| Error::Input(format!("the model cannot be written as GGUF: {reason}"));
    let config = model.config_json()?;
    let config = config.as_object().ok_or_else(|| fail("its config is not an object".to_owned()))?;
    let model_type = config.get("model_type").and_then(serde_json::Value::as_str).unwrap_or_default();
    let architecture = Architecture::of_model_type(model_type).map_err(fail)?;
    let (mut metadata, factors) = metadata::describe(architecture, config).map_err(fail)?;
    if model_type == "mistral" && metadata.get("llama.attention.sliding_window").is_some() {
        tracing::warn!("llama.cpp ignores the sliding window of Mistral: long texts get other results there");
    }
    if let Some(name) = &options.name {
        metadata.set("general.name", name.as_str());
    }
    metadata.set("general.file_type", file_type(options.tensor_type).map_err(fail)?);
    metadata.set("general.quantization_version", QUANTIZATION_VERSION);
    for (key, value) in tokenizer.iter() {
        metadata.set(key, value.clone());
    }
    set_token_ids(&mut metadata, config).map_err(fail)?;
    let heads = |metadata: &Metadata, key: &str| {
        metadata.get(&format!("{}.attention.{key}", architecture.name)).and_then(Value::as_u64).unwrap_or(1) as i64
    };
    let heads = (heads(&metadata, "head_count"), heads(&metadata, "head_count_kv"));

    let mut tensors: Vec<(TensorInfo, Tensor)> = Vec::new();
    if let Some(factors) = &factors {
        let shape = [factors.len() as u64];
        tensors.push((TensorInfo::new(rope::FACTORS, &shape, TensorType::F32), Tensor::f_from_slice(factors)?));
    }
    for (name, tensor) in model.parameters().iter() {
        let gguf =
            architecture.name_in_gguf(name).ok_or_else(|| fail(format!("it has no name for the tensor {name}")))?;
        tensors.push(described(architecture.storage, &gguf, tensor, options.tensor_type)?);
    }
    write(path, metadata, tensors, options.overwrite, |info, tensor| {
        in_storage(architecture.storage, info, tensor, heads)
    })
}

/// Sets the ids of the config that the tokeniser does not have. Further ids that end a text are those of a turn or a message.
fn set_token_ids(
    metadata: &mut Metadata,
    config: &serde_json::Map<String, serde_json::Value>,
) -> std::result::Result<(), String> {
    let field = config.get("eos_token_id").unwrap_or(&serde_json::Value::Null);
    let ids: Vec<u32> = field
        .as_array()
        .map_or(std::slice::from_ref(field), Vec::as_slice)
        .iter()
        .filter_map(serde_json::Value::as_u64)
        .filter_map(|id| u32::try_from(id).ok())
        .collect();
    let key = |role: &str| format!("tokenizer.ggml.{role}_token_id");
    let own = metadata.get(&key("eos")).and_then(Value::as_u64);
    let further = ids.iter().filter(|id| own != Some(u64::from(**id)));
    let mut roles = ["eos", "eot", "eom"].into_iter().filter(|role| *role != "eos" || own.is_none());
    for id in further {
        let role =
            roles.next().ok_or_else(|| format!("eos_token_id has {} ids, at most 3 can be written", ids.len()))?;
        metadata.set(key(role), *id);
    }
    for (role, field) in [("bos", "bos_token_id"), ("padding", "pad_token_id")] {
        let id = config.get(field).and_then(serde_json::Value::as_u64).and_then(|id| u32::try_from(id).ok());
        if let (None, Some(id)) = (metadata.get(&key(role)), id) {
            metadata.set(key(role), id);
        }
    }
    Ok(())
}

/// The number of the type that most tensors have, for people.
fn file_type(kind: TensorType) -> std::result::Result<u32, String> {
    Ok(match kind {
        TensorType::F32 => 0,
        TensorType::F16 => 1,
        TensorType::Q8_0 => 7,
        TensorType::BF16 => 32,
        other => return Err(format!("{other} cannot be written; F32, F16, BF16 and Q8_0 can")),
    })
}

/// The description of a tensor, and the tensor in its stored shape, in the same memory.
fn described(storage: Storage, gguf: &str, tensor: &Tensor, wanted: TensorType) -> Result<(TensorInfo, Tensor)> {
    let sizes = |tensor: &Tensor| tensor.size().iter().map(|size| *size as u64).collect::<Vec<u64>>();
    let info = TensorInfo::new(gguf, &sizes(tensor), TensorType::F32);
    let tensor = match storage == Storage::TransposedLayers && is_linear(&info) {
        true => tensor.f_tr()?,
        false => tensor.shallow_clone(),
    };
    let shape = sizes(&tensor);
    let row = shape.last().copied().unwrap_or(1);
    // As llama.cpp's converter does.
    let kind = match shape.len() {
        0 | 1 => TensorType::F32,
        _ if gguf == "position_embd.weight" => TensorType::F32,
        _ if !row.is_multiple_of(wanted.block_size() as u64) => TensorType::F16,
        _ => wanted,
    };
    Ok((TensorInfo::new(gguf, &shape, kind), tensor))
}

/// The values of a tensor as the architecture stores them.
fn in_storage(storage: Storage, info: &TensorInfo, tensor: &Tensor, heads: (i64, i64)) -> Result<Tensor> {
    let name = info.name();
    Ok(match storage {
        Storage::InterleavedHeads if name.contains(".attn_q.") => interleave(tensor, heads.0)?,
        Storage::InterleavedHeads if name.contains(".attn_k.") => interleave(tensor, heads.1)?,
        Storage::NormsPlusOne if name.ends_with("norm.weight") => tensor.f_to_kind(Kind::Float)?.f_add_scalar(1.0)?,
        _ => tensor.shallow_clone(),
    })
}

/// Writes the file. `convert` returns the values of one tensor at a time.
fn write(
    path: &Path,
    metadata: Metadata,
    tensors: Vec<(TensorInfo, Tensor)>,
    overwrite: bool,
    convert: impl Fn(&TensorInfo, &Tensor) -> Result<Tensor>,
) -> Result<()> {
    let fail = |source: std::io::Error| match source.kind() {
        ErrorKind::AlreadyExists => CheckpointError::Exists { path: path.to_path_buf() },
        _ => CheckpointError::Io { path: path.to_path_buf(), source },
    };
    let mut file = UnfinishedFile::begin(path, overwrite).map_err(fail)?;
    let described = tensors.iter().map(|(info, _)| info.clone()).collect();
    let mut writer = GgufWriter::begin(&mut file, metadata, described)?;
    for (info, tensor) in &tensors {
        let flat = convert(info, &tensor.f_detach()?)?.f_contiguous()?.f_view(-1)?;
        let count = flat.numel() as i64;
        let mut done = 0;
        while done < count {
            let step = (count - done).min(CHUNK);
            let part = flat.f_narrow(0, done, step)?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Float)?;
            writer.write(&Vec::<f32>::try_from(&part)?)?;
            done += step;
        }
    }
    writer.finish()?;
    file.flush().map_err(fail)?;
    Ok(file.finish().map_err(fail)?)
}
