//! Conversion of the types of a file to `f32`.

use crate::TensorType;
use crate::half_at::half_at;
use crate::k_quants::{q2_k, q3_k, q4_k, q5_k, q6_k};
use half::{bf16, f16};

/// Converts blocks of the type `kind` to values. `bytes` and `values` must hold the same number of blocks; what one has beyond the other
/// is ignored.
pub fn dequantize(kind: TensorType, bytes: &[u8], values: &mut [f32]) {
    match kind {
        TensorType::F32 => floats(bytes, values, f32::from_le_bytes),
        TensorType::F16 => floats(bytes, values, |bytes| f16::from_le_bytes(bytes).to_f32()),
        TensorType::BF16 => floats(bytes, values, |bytes| bf16::from_le_bytes(bytes).to_f32()),
        TensorType::F64 => floats(bytes, values, |bytes| f64::from_le_bytes(bytes) as f32),
        TensorType::Q4_0 => blocks::<18, 32>(bytes, values, q4_0),
        TensorType::Q4_1 => blocks::<20, 32>(bytes, values, q4_1),
        TensorType::Q5_0 => blocks::<22, 32>(bytes, values, q5_0),
        TensorType::Q5_1 => blocks::<24, 32>(bytes, values, q5_1),
        TensorType::Q8_0 => blocks::<34, 32>(bytes, values, q8_0),
        TensorType::Q2_K => blocks::<84, 256>(bytes, values, q2_k),
        TensorType::Q3_K => blocks::<110, 256>(bytes, values, q3_k),
        TensorType::Q4_K => blocks::<144, 256>(bytes, values, q4_k),
        TensorType::Q5_K => blocks::<176, 256>(bytes, values, q5_k),
        TensorType::Q6_K => blocks::<210, 256>(bytes, values, q6_k),
    }
}

fn floats<const N: usize>(bytes: &[u8], values: &mut [f32], convert: impl Fn([u8; N]) -> f32) {
    for (bytes, value) in bytes.as_chunks::<N>().0.iter().zip(values) {
        *value = convert(*bytes);
    }
}

/// Calls `convert` for each block of `BYTES` bytes and `VALUES` values.
fn blocks<const BYTES: usize, const VALUES: usize>(
    bytes: &[u8],
    values: &mut [f32],
    convert: fn(&[u8; BYTES], &mut [f32; VALUES]),
) {
    for (bytes, values) in bytes.as_chunks::<BYTES>().0.iter().zip(values.as_chunks_mut::<VALUES>().0) {
        convert(bytes, values);
    }
}

/// Value i of the first half of a block is in the lower four bits of byte i, and value i of the second half in the upper four.
fn q4_0(block: &[u8; 18], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    let (low, high) = values.split_at_mut(16);
    for ((byte, low), high) in block[2..].iter().zip(low).zip(high) {
        *low = scale * (f32::from(byte & 0xf) - 8.0);
        *high = scale * (f32::from(byte >> 4) - 8.0);
    }
}

fn q4_1(block: &[u8; 20], values: &mut [f32; 32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let (low, high) = values.split_at_mut(16);
    for ((byte, low), high) in block[4..].iter().zip(low).zip(high) {
        *low = scale * f32::from(byte & 0xf) + minimum;
        *high = scale * f32::from(byte >> 4) + minimum;
    }
}

/// As Q4_0, with a fifth bit of each value in a number of 32 bits.
fn q5_0(block: &[u8; 22], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    fives(fifth_bits(block, 2), &block[6..], values, |five| scale * (f32::from(five) - 16.0));
}

fn q5_1(block: &[u8; 24], values: &mut [f32; 32]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    fives(fifth_bits(block, 4), &block[8..], values, |five| scale * f32::from(five) + minimum);
}

fn fifth_bits<const N: usize>(block: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
}

fn fives(bits: u32, bytes: &[u8], values: &mut [f32; 32], convert: impl Fn(u8) -> f32) {
    let (low, high) = values.split_at_mut(16);
    for (i, ((byte, low), high)) in bytes.iter().zip(low).zip(high).enumerate() {
        *low = convert(byte & 0xf | (((bits >> i) & 1) as u8) << 4);
        *high = convert(byte >> 4 | (((bits >> (i + 16)) & 1) as u8) << 4);
    }
}

fn q8_0(block: &[u8; 34], values: &mut [f32; 32]) {
    let scale = half_at(block, 0);
    for (byte, value) in block[2..].iter().zip(values) {
        *value = f32::from(byte.cast_signed()) * scale;
    }
}
