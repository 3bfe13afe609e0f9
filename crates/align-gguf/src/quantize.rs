//! Conversion of `f32` to the types that are written.

use crate::TensorType;
use half::{bf16, f16};

/// Converts values to bytes of the type `kind` and appends them. The number of values must be a multiple of the block size; a rest is
/// ignored. Rounding is that of llama.cpp.
///
/// # Errors
/// `kind` is a type that is only read. The message lists the types that are written.
pub fn quantize(kind: TensorType, values: &[f32], bytes: &mut Vec<u8>) -> Result<(), String> {
    match kind {
        TensorType::F32 => bytes.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        TensorType::F16 => bytes.extend(values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes())),
        TensorType::BF16 => bytes.extend(values.iter().flat_map(|value| bf16::from_f32(*value).to_le_bytes())),
        TensorType::Q8_0 => values.as_chunks::<32>().0.iter().for_each(|block| q8_0(block, bytes)),
        _ => return Err(format!("{kind} is only read; F32, F16, BF16 and Q8_0 can be written")),
    }
    Ok(())
}

/// 32 values as multiples of a 127th of the largest one, rounded to the nearest (ties away from zero).
fn q8_0(block: &[f32; 32], bytes: &mut Vec<u8>) {
    let scale = block.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / 127.0;
    let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
    bytes.extend(f16::from_f32(scale).to_le_bytes());
    bytes.extend(block.iter().map(|value| ((value * inverse).round() as i8).cast_unsigned()));
}
