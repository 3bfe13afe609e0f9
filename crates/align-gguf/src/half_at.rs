use half::f16;

/// The half-precision number at a position of a block.
pub(crate) fn half_at<const N: usize>(block: &[u8; N], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}
