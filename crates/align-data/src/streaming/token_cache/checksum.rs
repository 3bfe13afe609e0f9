/// The checksum of a row. It includes the row's number, so that a row in the place of another is found.
pub(super) fn row_checksum(row: usize, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(row as u64).to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}
