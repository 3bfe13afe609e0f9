//! The K-quants: blocks of 256 values in groups of 16 or 32, whose scales are quantised too.

use crate::half_at::half_at;

/// Groups of 16 values of two bits, each with a scale and a minimum of four bits.
pub(crate) fn q2_k(block: &[u8; 84], values: &mut [f32; 256]) {
    let (scales, quants) = (&block[..16], &block[16..80]);
    let (scale, minimum) = (half_at(block, 80), half_at(block, 82));
    for (group, (values, packed)) in values.as_chunks_mut::<16>().0.iter_mut().zip(scales).enumerate() {
        let (scale, minimum) = (scale * f32::from(packed & 0xf), minimum * f32::from(packed >> 4));
        let (start, shift) = two_bits(group);
        for (value, byte) in values.iter_mut().zip(&quants[start..]) {
            *value = scale * f32::from((byte >> shift) & 3) - minimum;
        }
    }
}

/// Groups of 16 values of three bits (two in one place, the third in another), each with a scale of six bits.
pub(crate) fn q3_k(block: &[u8; 110], values: &mut [f32; 256]) {
    let (masks, quants, packed) = (&block[..32], &block[32..96], &block[96..108]);
    let scale = half_at(block, 108);
    for (group, values) in values.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let low = packed[group % 8] >> (group / 8 * 4) & 0xf;
        let high = packed[8 + group % 4] >> (group / 4 * 2) & 3;
        let scale = scale * (f32::from(low | high << 4) - 32.0);
        let (start, shift) = two_bits(group);
        let (mask_start, mask_shift) = (group % 2 * 16, group / 2);
        for ((value, byte), mask) in values.iter_mut().zip(&quants[start..]).zip(&masks[mask_start..]) {
            let third = if (mask >> mask_shift) & 1 == 1 { 0.0 } else { 4.0 };
            *value = scale * (f32::from((byte >> shift) & 3) - third);
        }
    }
}

/// Where the two bits of a group's values are: the position of the first byte, and the shift. A half of 32 bytes holds eight groups.
fn two_bits(group: usize) -> (usize, usize) {
    (group / 8 * 32 + group % 2 * 16, group % 8 / 2 * 2)
}

/// Groups of 32 values of four bits, each with a scale and a minimum of six bits.
pub(crate) fn q4_k(block: &[u8; 144], values: &mut [f32; 256]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let quants = &block[16..];
    for (group, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale_bits, minimum_bits) = six_bits(&block[4..16], group);
        let (scale, minimum) = (scale * f32::from(scale_bits), minimum * f32::from(minimum_bits));
        let shift = group % 2 * 4;
        for (value, byte) in values.iter_mut().zip(&quants[group / 2 * 32..]) {
            *value = scale * f32::from((byte >> shift) & 0xf) - minimum;
        }
    }
}

/// As Q4_K, with a fifth bit of each value: that of group g is bit g of a byte.
pub(crate) fn q5_k(block: &[u8; 176], values: &mut [f32; 256]) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let (fifth_bits, quants) = (&block[16..48], &block[48..]);
    for (group, values) in values.as_chunks_mut::<32>().0.iter_mut().enumerate() {
        let (scale_bits, minimum_bits) = six_bits(&block[4..16], group);
        let (scale, minimum) = (scale * f32::from(scale_bits), minimum * f32::from(minimum_bits));
        let shift = group % 2 * 4;
        for ((value, byte), fifth) in values.iter_mut().zip(&quants[group / 2 * 32..]).zip(fifth_bits) {
            *value = scale * f32::from((byte >> shift) & 0xf | ((fifth >> group) & 1) << 4) - minimum;
        }
    }
}

/// Scale and minimum of a group out of twelve bytes: six bits in one byte for the first four groups, four and two in two bytes for the
/// others.
fn six_bits(packed: &[u8], group: usize) -> (u8, u8) {
    if group < 4 {
        (packed[group] & 0x3f, packed[group + 4] & 0x3f)
    } else {
        let (rest, low, high) = (packed[group + 4], packed[group - 4], packed[group]);
        (rest & 0xf | (low >> 2) & 0x30, rest >> 4 | (high >> 2) & 0x30)
    }
}

/// Groups of 16 values of six bits (four in one place, two in another), each with a scale of eight bits.
pub(crate) fn q6_k(block: &[u8; 210], values: &mut [f32; 256]) {
    let (lower, upper, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for (group, (values, group_scale)) in values.as_chunks_mut::<16>().0.iter_mut().zip(scales).enumerate() {
        let scale = scale * f32::from(group_scale.cast_signed());
        // A half of the block has eight groups. Each quarter of it has 32 values.
        let (half, quarter, first) = (group / 8, group % 8 / 2, group % 2 * 16);
        let lower = &lower[half * 64 + quarter % 2 * 32 + first..];
        let upper = &upper[half * 32 + first..];
        for ((value, low), high) in values.iter_mut().zip(lower).zip(upper) {
            let six = (low >> (quarter / 2 * 4)) & 0xf | ((high >> (quarter * 2)) & 3) << 4;
            *value = scale * (f32::from(six) - 32.0);
        }
    }
}
