//! Checks that the bytes of a page match its header, for each of Parquet's encodings
//! (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).

/// The error describes what is wrong with the page.
pub(super) type CheckResult<T> = Result<T, String>;

/// Reads a page's bytes sequentially.
pub(super) struct ByteReader<'a> {
    rest: &'a [u8],
}

impl<'a> ByteReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn take(&mut self, count: usize) -> CheckResult<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| format!("expected {count} more bytes, found {}", self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> CheckResult<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    /// Reads a four-byte little-endian length.
    pub fn u32_length(&mut self) -> CheckResult<usize> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// Reads an unsigned variable-length integer (LEB128).
    pub fn varint(&mut self) -> CheckResult<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number of more than 64 bits".to_owned())
    }

    /// Reads a signed variable-length integer (zigzag encoding).
    pub fn zigzag(&mut self) -> CheckResult<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub fn expect_end(&self) -> CheckResult<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("{} unexpected bytes at the end", self.rest.len())) }
    }
}

/// Unpacks integers of `width` bits, least significant bit first.
fn unpack_bits(bytes: &[u8], width: u8) -> impl Iterator<Item = u64> {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
    let count = if width == 0 { 0 } else { bytes.len() * 8 / usize::from(width) };
    (0..count).map(move |i| {
        let start = i * usize::from(width);
        (0..usize::from(width)).fold(0, |number, at| number | u64::from(bit(start + at)) << at)
    })
}

/// Reads `count` integers of `width` bits below `bound` in the RLE/bit-packing hybrid encoding. Returns how many are
/// not zero.
pub(super) fn hybrid_rle(bytes: &mut ByteReader<'_>, width: u8, count: usize, bound: u64) -> CheckResult<usize> {
    let mut nonzero = 0;
    rle_runs(bytes, width, count, |number, times| {
        nonzero += usize::from(number != 0) * times;
        if number < bound { Ok(()) } else { Err(format!("expected numbers below {bound}, found {number}")) }
    })?;
    Ok(nonzero)
}

/// Reads `count` dictionary indices of `width` bits. Returns the total size of the entries that they refer to.
pub(super) fn dictionary_indices(
    bytes: &mut ByteReader<'_>,
    width: u8,
    count: usize,
    sizes: &[u32],
) -> CheckResult<usize> {
    let mut sum = 0_usize;
    rle_runs(bytes, width, count, |number, times| {
        let size = usize::try_from(number).ok().and_then(|number| sizes.get(number));
        let size = size.ok_or_else(|| format!("expected numbers below {}, found {number}", sizes.len()))?;
        sum = sum.saturating_add(times.saturating_mul(*size as usize));
        Ok(())
    })?;
    Ok(sum)
}

/// Calls `each` with every value and its number of repetitions in the RLE/bit-packing hybrid encoding.
pub(super) fn rle_runs(
    bytes: &mut ByteReader<'_>,
    width: u8,
    count: usize,
    mut each: impl FnMut(u64, usize) -> CheckResult<()>,
) -> CheckResult<()> {
    if width > 32 {
        return Err(format!("expected numbers of at most 32 bits, found {width}"));
    }
    let mut left = count;
    while left > 0 {
        let header = bytes.varint()?;
        let amount = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        if header & 1 == 0 {
            let value = bytes.take(usize::from(width.div_ceil(8)))?;
            let value = value.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
            if amount == 0 || amount > left {
                return Err(format!("a run of {amount} where {left} values are left"));
            }
            each(value, amount)?;
            left -= amount;
        } else {
            // The last group is padded to eight values.
            let values = amount.checked_mul(8).filter(|values| amount > 0 && *values < left.saturating_add(8));
            let values = values.ok_or_else(|| format!("{amount} groups of eight where {left} values are left"))?;
            let packed = bytes.take(amount * usize::from(width))?;
            if width == 0 {
                each(0, left.min(values))?;
            }
            for number in unpack_bits(packed, width).take(left) {
                each(number, 1)?;
            }
            left = left.saturating_sub(values);
        }
    }
    Ok(())
}

/// Reads `count` length-prefixed byte arrays and returns their total length.
pub(super) fn plain_byte_arrays(bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<usize> {
    (0..count).try_fold(0, |sum, _| Ok(sum + plain_byte_array(bytes)?))
}

/// Reads a length-prefixed byte array and returns its length.
pub(super) fn plain_byte_array(bytes: &mut ByteReader<'_>) -> CheckResult<usize> {
    let length = bytes.u32_length()?;
    bytes.take(length).map(<[u8]>::len)
}

/// Reads `count` integers in the DELTA_BINARY_PACKED encoding.
pub(super) fn delta_binary_packed(bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<Vec<i64>> {
    let (block, minis, total) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
    let mut value = bytes.zigzag()?;
    if total != count as u64 {
        return Err(format!("expected {count} differences, found {total}"));
    }
    // Known writers use blocks of 128 or 256 values; the format sets no limit.
    let fits = (128..=1 << 12).contains(&block) && block % 128 == 0 && minis > 0 && block % (minis * 32).max(1) == 0;
    if !fits || minis > block {
        return Err(format!("expected blocks of a multiple of 128 values in parts of 32, found {block} in {minis}"));
    }
    let part = block as usize / minis as usize;
    let mut values = Vec::new();
    if count > 0 {
        values.push(value);
    }
    while values.len() < count {
        let least = bytes.zigzag()?;
        for width in bytes.take(minis as usize)? {
            if values.len() == count {
                break;
            }
            if *width > 64 {
                return Err(format!("expected differences of at most 64 bits, found {width}"));
            }
            let packed = bytes.take(part / 8 * usize::from(*width))?;
            let zeros = std::iter::repeat_n(0, if *width == 0 { part } else { 0 });
            for difference in unpack_bits(packed, *width).chain(zeros).take(count - values.len()) {
                value = value.wrapping_add(least).wrapping_add(difference as i64);
                values.push(value);
            }
        }
    }
    Ok(values)
}

/// Reads `count` byte arrays in the DELTA_LENGTH_BYTE_ARRAY encoding and returns their total length.
pub(super) fn delta_length_byte_arrays(bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<usize> {
    let lengths = delta_binary_packed(bytes, count)?;
    lengths.into_iter().try_fold(0, |sum, length| Ok(sum + bytes.take(non_negative(length)?)?.len()))
}

/// Reads `count` byte arrays in the DELTA_BYTE_ARRAY encoding, where each shares a prefix with the one before it.
/// Returns their total length.
pub(super) fn delta_byte_arrays(bytes: &mut ByteReader<'_>, count: usize) -> CheckResult<usize> {
    let shared = delta_binary_packed(bytes, count)?;
    let own = delta_binary_packed(bytes, count)?;
    let (mut before, mut whole) = (0, 0_usize);
    for (shared, own) in shared.into_iter().zip(own) {
        let (shared, own) = (non_negative(shared)?, non_negative(own)?);
        if shared > before {
            return Err(format!("a text has a prefix of {shared} bytes of a text of {before}"));
        }
        bytes.take(own)?;
        before = shared + own;
        whole = whole.saturating_add(before);
    }
    Ok(whole)
}

fn non_negative(length: i64) -> CheckResult<usize> {
    usize::try_from(length).map_err(|_| format!("expected a length, found {length}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn rle(bytes: &[u8], width: u8, count: usize, bound: u64) -> CheckResult<usize> {
        let mut bytes = ByteReader::new(bytes);
        let nonzero = hybrid_rle(&mut bytes, width, count, bound)?;
        bytes.expect_end().map(|()| nonzero)
    }

    /// The example of the format specification: 0 to 7 in three bits each.
    const PACKED: [u8; 3] = [0b1000_1000, 0b1100_0110, 0b1111_1010];

    #[test]
    fn runs_and_groups_are_counted() {
        assert_eq!(rle(&[10, 1], 1, 5, 2), Ok(5));
        assert_eq!(rle(&[10, 0], 1, 5, 2), Ok(0));
        let [a, b, c] = PACKED;
        assert_eq!(rle(&[3, a, b, c], 3, 8, 8), Ok(7));
        assert_eq!(rle(&[3, a, b, c], 3, 5, 8), Ok(4), "the last group is filled up");
        assert_eq!(rle(&[4, 5, 3, a, b, c], 3, 10, 8), Ok(9));
    }

    #[test]
    fn false_run_lengths_are_rejected() {
        let [a, b, c] = PACKED;
        assert!(rle(&[12, 1], 1, 5, 2).unwrap_err().contains("a run of 6 where 5 values are left"));
        assert!(rle(&[0, 1], 1, 5, 2).unwrap_err().contains("a run of 0"));
        assert!(rle(&[3, a, b, c], 3, 8, 7).unwrap_err().contains("below 7, found 7"));
        assert!(rle(&[3, a, b], 3, 8, 8).unwrap_err().contains("expected 3 more bytes, found 2"));
        assert!(rle(&[5, a, b, c, a, b, c], 3, 8, 8).unwrap_err().contains("2 groups of eight"));
        let endless = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1];
        assert!(rle(&endless, 1, 5, 2).unwrap_err().contains("where 5 values are left"));
        assert!(rle(&[0xff; 11], 1, 5, 2).unwrap_err().contains("more than 64 bits"));
    }

    #[test]
    fn dictionary_entry_sizes_are_added_up() {
        let sizes = |bytes: &[u8], width, count| {
            dictionary_indices(&mut ByteReader::new(bytes), width, count, &[7, 1 << 20, 100])
        };
        // The second entry five times, then a bit-packed group of two-bit indices 2, 0, 1.
        assert_eq!(sizes(&[10, 1, 3, 0b01_00_10, 0], 2, 8), Ok((6 << 20) + 107));
        assert_eq!(sizes(&[3], 0, 4), Ok(28), "numbers of no bits are all 0");
        assert!(sizes(&[10, 3], 2, 5).unwrap_err().contains("below 3, found 3"));
        let most = usize::MAX >> 1;
        assert_eq!(sizes(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1], 1, most), Ok(usize::MAX));
    }

    #[test]
    fn shared_prefixes_count_for_each_text() {
        let packed = |first: i64, count: u8, least: i64| {
            let zigzag = |number: i64| ((number << 1) ^ (number >> 63)) as u8;
            vec![128, 1, 4, count, zigzag(first), zigzag(least), 0, 0, 0, 0]
        };
        // A text of five letters, then texts that repeat it as their prefix. Suffix lengths: 5, 0, 0.
        let shared = [packed(0, 2, 5), packed(5, 2, -5), b"abcde".to_vec()].concat();
        assert_eq!(delta_byte_arrays(&mut ByteReader::new(&shared), 2), Ok(10));
    }

    #[test]
    fn differences_are_added_up() {
        // The example of the format specification: 7, 5, 3, 1, 2, 3, 4, 5 with minimum delta -2 in two bits.
        let numbers = [0b1100_0000, 0b1111_1111, 0, 0, 0, 0, 0, 0];
        let head = [&[128_u8, 1, 4, 8, 14][..], &[3, 2, 0, 0, 0]].concat();
        let mut bytes = ByteReader::new(&[]);
        assert!(delta_binary_packed(&mut bytes, 8).is_err());
        let whole = [head, numbers.to_vec()].concat();
        let values = delta_binary_packed(&mut ByteReader::new(&whole), 8).unwrap();
        assert_eq!(values, [7, 5, 3, 1, 2, 3, 4, 5]);
        assert!(
            delta_binary_packed(&mut ByteReader::new(&whole), 9)
                .unwrap_err()
                .contains("expected 9 differences, found 8")
        );
    }

    #[test]
    fn lengths_stay_within_the_page() {
        assert_eq!(plain_byte_arrays(&mut ByteReader::new(&[1, 0, 0, 0, b'a']), 1), Ok(1));
        let failure = plain_byte_arrays(&mut ByteReader::new(&[0xff, 0xff, 0xff, 0x7f, b'a']), 1).unwrap_err();
        assert!(failure.contains("found 1"), "{failure}");
    }
}
