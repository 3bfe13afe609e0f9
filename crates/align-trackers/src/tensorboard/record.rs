//! TFRecord: records with their length and checksums.

/// A record: the length, its checksum, the data and their checksum, all little-endian.
pub(super) fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut record = Vec::with_capacity(data.len() + 16);
    record.extend(length);
    record.extend(masked_crc32c(&length).to_le_bytes());
    record.extend(data);
    record.extend(masked_crc32c(data).to_le_bytes());
    record
}

/// CRC-32C, rotated right by 15 bits and with a constant added, because the checksum of data that contain checksums would be weak.
fn masked_crc32c(data: &[u8]) -> u32 {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_masked_crc32c() {
        // RFC 3720, B.4: the CRC-32C of 32 zero bytes is 8a9136aa, of 32 bytes ff 62a8ab43.
        for (byte, crc) in [(0, 0x8a91_36aa_u32), (0xff, 0x62a8_ab43)] {
            let masked = crc.rotate_right(15).wrapping_add(0xa282_ead8);
            assert_eq!(masked_crc32c(&[byte; 32]), masked);
        }
        let framed = record(&[7; 5]);
        assert_eq!((framed.len(), &framed[..8], &framed[12..17]), (21, &[5, 0, 0, 0, 0, 0, 0, 0][..], &[7; 5][..]));
    }
}
