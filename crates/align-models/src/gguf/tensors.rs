//! The tensors of a file as those of a checkpoint: names, shapes and values of transformers.

use super::architecture::{Architecture, Storage};
use align_gguf::{GgufError, GgufFile, TensorInfo, TensorType};
use tch::{Device, Kind, TchError, Tensor};

/// How a tensor is stored, and how its values become those of transformers.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    info: TensorInfo,
    transform: Transform,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transform {
    None,
    /// The two halves of each head alternate row by row, for this number of heads.
    Deinterleave(i64),
    MinusOne,
    Transpose,
}

/// The name and shape of a tensor in transformers, its dtype, and how it is stored.
pub(crate) type Described = (String, Kind, Vec<i64>, Stored);

/// The tensors of a file. Buffers that are computed from the config are left out.
pub(crate) fn entries(file: &GgufFile) -> Result<Vec<Described>, String> {
    let architecture = Architecture::of(file)?;
    let heads = |key: &str| {
        let key = format!("{}.attention.{key}", architecture.name);
        file.metadata().u64(&key).map_err(|error| error.to_string())
    };
    let query_heads = heads("head_count")?;
    let key_heads = heads("head_count_kv")?.or(query_heads);
    let tensors = file.tensors().iter().filter(|tensor| tensor.name() != super::rope::FACTORS);
    tensors
        .map(|info| {
            let heads = if info.name().contains(".attn_q.") { query_heads } else { key_heads };
            let transform = transform(architecture.storage, info, heads)?;
            let sizes = info.shape().into_iter().map(i64::try_from).collect::<Result<Vec<i64>, _>>();
            let mut shape = sizes.map_err(|_| format!("has an impossible shape of the tensor `{}`", info.name()))?;
            if transform == Transform::Transpose {
                shape.reverse();
            }
            let name = architecture.name_in_transformers(info.name());
            Ok((name, kind(info.kind()), shape, Stored { info: info.clone(), transform }))
        })
        .collect()
}

/// The dtype of the values, which become 32-bit floats if they are quantised.
fn kind(kind: TensorType) -> Kind {
    match kind {
        TensorType::F16 => Kind::Half,
        TensorType::BF16 => Kind::BFloat16,
        _ => Kind::Float,
    }
}

fn transform(storage: Storage, info: &TensorInfo, heads: Option<u64>) -> Result<Transform, String> {
    let name = info.name();
    let is_query_or_key = [".attn_q.", ".attn_k."].iter().any(|part| name.contains(part));
    Ok(match storage {
        Storage::InterleavedHeads if is_query_or_key => {
            let rows = info.shape().first().copied().unwrap_or(0);
            let heads = heads.filter(|heads| *heads > 0 && rows > 0 && rows.is_multiple_of(heads.saturating_mul(2)));
            let heads = heads.and_then(|heads| i64::try_from(heads).ok());
            Transform::Deinterleave(
                heads.ok_or_else(|| format!("has {rows} rows in `{name}`, which do not fit its heads"))?,
            )
        }
        Storage::NormsPlusOne if name.ends_with("norm.weight") => Transform::MinusOne,
        Storage::TransposedLayers if is_linear(info) => Transform::Transpose,
        _ => Transform::None,
    })
}

/// Whether a tensor is the matrix of a linear layer in a block.
pub(super) fn is_linear(info: &TensorInfo) -> bool {
    info.name().starts_with("blk.") && info.shape().len() == 2
}

impl Stored {
    /// Bytes in the file.
    pub fn bytes(&self) -> u64 {
        self.info.bytes()
    }

    /// Reads the tensor, converted to `kind` on `device`. Memory is needed only for the tensor and a part of the file, and for a second
    /// tensor if its rows are ordered anew.
    pub fn read<E>(&self, file: &GgufFile, kind: Kind, device: Device) -> Result<Tensor, E>
    where
        E: From<GgufError> + From<TchError>,
    {
        let shape: Vec<i64> = self.info.shape().into_iter().map(|size| size as i64).collect();
        let flat = Tensor::f_empty([shape.iter().product::<i64>()], (kind, device))?;
        let mut done = 0;
        file.read(&self.info, |part| {
            let part = Tensor::f_from_slice(part)?;
            let part = if self.transform == Transform::MinusOne { part.f_sub_scalar(1.0)? } else { part };
            let count = part.numel() as i64;
            flat.f_narrow(0, done, count)?.f_copy_(&part)?;
            done += count;
            Ok::<(), E>(())
        })?;
        Ok(match self.transform {
            Transform::None | Transform::MinusOne => flat.f_view(shape.as_slice())?,
            Transform::Deinterleave(heads) => deinterleave(&flat, heads, &shape)?,
            Transform::Transpose => flat.f_view(shape.as_slice())?.f_tr()?.f_contiguous()?,
        })
    }
}

/// Undoes [`interleave`].
fn deinterleave(flat: &Tensor, heads: i64, shape: &[i64]) -> Result<Tensor, TchError> {
    let rows = shape.first().copied().unwrap_or(0);
    flat.f_reshape([heads, rows / heads / 2, 2, -1])?.f_transpose(1, 2)?.f_reshape(shape)
}

/// Orders the rows of each head so that the value of the first half and that of the second half which are rotated together are
/// neighbours, as llama.cpp expects for Llama.
pub(super) fn interleave(tensor: &Tensor, heads: i64) -> Result<Tensor, TchError> {
    let shape = tensor.size();
    let rows = shape.first().copied().unwrap_or(0);
    tensor.f_reshape([heads, 2, rows / heads / 2, -1])?.f_transpose(1, 2)?.f_reshape(shape.as_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rows_of_heads_are_interleaved_and_back() {
        // Two heads of four rows.
        let rows = Tensor::arange(8, (Kind::Float, Device::Cpu)).view([8, 1]);
        let interleaved = interleave(&rows, 2).unwrap();
        assert_eq!(Vec::<f32>::try_from(interleaved.view(-1)).unwrap(), [0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]);
        assert!(deinterleave(&interleaved.view(-1), 2, &[8, 1]).unwrap().equal(&rows));
        let bias = rows.view(-1);
        assert!(deinterleave(&interleave(&bias, 2).unwrap(), 2, &[8]).unwrap().equal(&bias));
    }
}
