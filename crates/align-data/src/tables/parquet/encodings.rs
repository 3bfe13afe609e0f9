//! Whether the bytes of a page are what its header promises, by Parquet's encodings
//! (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).

/// What is wrong with a page, in words.
pub(super) type Checked<T> = Result<T, String>;

/// Reads a page's bytes from front to back.
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn take(&mut self, count: usize) -> Checked<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| format!("expected {count} more bytes, found {}", self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Checked<u8> {
        Ok(self.take(1)?.first().copied().unwrap_or_default())
    }

    /// A length in four bytes, little-endian.
    pub fn length(&mut self) -> Checked<usize> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// An unsigned number of seven bits a byte.
    pub fn varint(&mut self) -> Checked<u64> {
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

    /// A signed number of seven bits a byte.
    pub fn zigzag(&mut self) -> Checked<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub fn left(&self) -> usize {
        self.rest.len()
    }

    pub fn end(&self) -> Checked<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("{} bytes too many", self.rest.len())) }
    }
}

/// The numbers of `width` bits in `bytes`, least significant bit first.
fn unpacked(bytes: &[u8], width: u8) -> impl Iterator<Item = u64> {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
    let count = if width == 0 { 0 } else { bytes.len() * 8 / usize::from(width) };
    (0..count).map(move |i| {
        let start = i * usize::from(width);
        (0..usize::from(width)).fold(0, |number, at| number | u64::from(bit(start + at)) << at)
    })
}

/// `count` numbers of `width` bits below `bound`, in runs and packed groups of eight. Returns how many of them are not zero.
pub(super) fn hybrid_rle(bytes: &mut Bytes<'_>, width: u8, count: usize, bound: u64) -> Checked<usize> {
    let mut nonzero = 0;
    runs(bytes, width, count, |number, times| {
        nonzero += usize::from(number != 0) * times;
        if number < bound { Ok(()) } else { Err(format!("expected numbers below {bound}, found {number}")) }
    })?;
    Ok(nonzero)
}

/// `count` numbers of `width` bits that point to entries of these sizes; returns the sum of what they point to.
pub(super) fn indices(bytes: &mut Bytes<'_>, width: u8, count: usize, sizes: &[u32]) -> Checked<usize> {
    let mut sum = 0_usize;
    runs(bytes, width, count, |number, times| {
        let size = usize::try_from(number).ok().and_then(|number| sizes.get(number));
        let size = size.ok_or_else(|| format!("expected numbers below {}, found {number}", sizes.len()))?;
        sum = sum.saturating_add(times.saturating_mul(*size as usize));
        Ok(())
    })?;
    Ok(sum)
}

/// `count` numbers of `width` bits, each handed out with how often it stands there in a row.
fn runs(
    bytes: &mut Bytes<'_>,
    width: u8,
    count: usize,
    mut each: impl FnMut(u64, usize) -> Checked<()>,
) -> Checked<()> {
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
            // The last group is filled up to eight.
            let values = amount.checked_mul(8).filter(|values| amount > 0 && *values < left.saturating_add(8));
            let values = values.ok_or_else(|| format!("{amount} groups of eight where {left} values are left"))?;
            let packed = bytes.take(amount * usize::from(width))?;
            if width == 0 {
                each(0, left.min(values))?;
            }
            for number in unpacked(packed, width).take(left) {
                each(number, 1)?;
            }
            left = left.saturating_sub(values);
        }
    }
    Ok(())
}

/// `count` texts, each behind its length; returns the sum of the lengths.
pub(super) fn byte_arrays(bytes: &mut Bytes<'_>, count: usize) -> Checked<usize> {
    (0..count).try_fold(0, |sum, _| Ok(sum + byte_array(bytes)?))
}

/// A text behind its length, which is returned.
pub(super) fn byte_array(bytes: &mut Bytes<'_>) -> Checked<usize> {
    let length = bytes.length()?;
    bytes.take(length).map(<[u8]>::len)
}

/// `count` integers as differences, packed in blocks; returns them.
pub(super) fn delta_binary_packed(bytes: &mut Bytes<'_>, count: usize) -> Checked<Vec<i64>> {
    let (block, minis, total) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
    let mut value = bytes.zigzag()?;
    if total != count as u64 {
        return Err(format!("expected {count} differences, found {total}"));
    }
    // Writers use 128 or 256; the format sets no limit.
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
            for difference in unpacked(packed, *width).chain(zeros).take(count - values.len()) {
                value = value.wrapping_add(least).wrapping_add(difference as i64);
                values.push(value);
            }
        }
    }
    Ok(values)
}

/// `count` texts behind all their lengths; returns the sum of the lengths.
pub(super) fn delta_length_byte_arrays(bytes: &mut Bytes<'_>, count: usize) -> Checked<usize> {
    let lengths = delta_binary_packed(bytes, count)?;
    lengths.into_iter().try_fold(0, |sum, length| Ok(sum + bytes.take(positive(length)?)?.len()))
}

/// `count` texts, each of which begins like the one before it; returns the sum of their lengths.
pub(super) fn delta_byte_arrays(bytes: &mut Bytes<'_>, count: usize) -> Checked<usize> {
    let shared = delta_binary_packed(bytes, count)?;
    let own = delta_binary_packed(bytes, count)?;
    let (mut before, mut whole) = (0, 0_usize);
    for (shared, own) in shared.into_iter().zip(own) {
        let (shared, own) = (positive(shared)?, positive(own)?);
        if shared > before {
            return Err(format!("a text shares {shared} bytes with one of {before}"));
        }
        bytes.take(own)?;
        before = shared + own;
        whole = whole.saturating_add(before);
    }
    Ok(whole)
}

fn positive(length: i64) -> Checked<usize> {
    usize::try_from(length).map_err(|_| format!("expected a length, found {length}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn rle(bytes: &[u8], width: u8, count: usize, bound: u64) -> Checked<usize> {
        let mut bytes = Bytes::new(bytes);
        let nonzero = hybrid_rle(&mut bytes, width, count, bound)?;
        bytes.end().map(|()| nonzero)
    }

    /// The example of the format's own description: 0 to 7 in three bits.
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
    fn lying_runs_are_refused() {
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
    fn what_indices_point_to_is_added_up() {
        let sizes = |bytes: &[u8], width, count| indices(&mut Bytes::new(bytes), width, count, &[7, 1 << 20, 100]);
        // Five times the second, then in a packed group of two bits 2, 0, 1.
        assert_eq!(sizes(&[10, 1, 3, 0b01_00_10, 0], 2, 8), Ok((6 << 20) + 107));
        assert_eq!(sizes(&[3], 0, 4), Ok(28), "numbers of no bits are all 0");
        assert!(sizes(&[10, 3], 2, 5).unwrap_err().contains("below 3, found 3"));
        let most = usize::MAX >> 1;
        assert_eq!(sizes(&[0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 1], 1, most), Ok(usize::MAX));
    }

    #[test]
    fn shared_beginnings_count_for_each_text() {
        let packed = |first: i64, count: u8, least: i64| {
            let zigzag = |number: i64| ((number << 1) ^ (number >> 63)) as u8;
            vec![128, 1, 4, count, zigzag(first), zigzag(least), 0, 0, 0, 0]
        };
        // Three texts: five letters, and twice the same five again without one of their own. Their own lengths: 5, 0, 0.
        let shared = [packed(0, 2, 5), packed(5, 2, -5), b"abcde".to_vec()].concat();
        assert_eq!(delta_byte_arrays(&mut Bytes::new(&shared), 2), Ok(10));
    }

    #[test]
    fn differences_are_added_up() {
        // The format's own example, 7, 5, 3, 1, 2, 3, 4, 5: least difference -2, in two bits.
        let numbers = [0b1100_0000, 0b1111_1111, 0, 0, 0, 0, 0, 0];
        let head = [&[128_u8, 1, 4, 8, 14][..], &[3, 2, 0, 0, 0]].concat();
        let mut bytes = Bytes::new(&[]);
        assert!(delta_binary_packed(&mut bytes, 8).is_err());
        let whole = [head, numbers.to_vec()].concat();
        let values = delta_binary_packed(&mut Bytes::new(&whole), 8).unwrap();
        assert_eq!(values, [7, 5, 3, 1, 2, 3, 4, 5]);
        assert!(
            delta_binary_packed(&mut Bytes::new(&whole), 9).unwrap_err().contains("expected 9 differences, found 8")
        );
    }

    #[test]
    fn lengths_stay_inside() {
        assert_eq!(byte_arrays(&mut Bytes::new(&[1, 0, 0, 0, b'a']), 1), Ok(1));
        let failure = byte_arrays(&mut Bytes::new(&[0xff, 0xff, 0xff, 0x7f, b'a']), 1).unwrap_err();
        assert!(failure.contains("found 1"), "{failure}");
    }
}
