//! The bytes of a row.

/// Bits of a number in each of its bytes; the highest bit says that more follow.
const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;

/// Writes the values of a row as bytes.
#[derive(Debug, Default)]
pub struct RowWriter {
    bytes: Vec<u8>,
    /// The first id that cannot be stored.
    invalid_id: Option<i64>,
}

/// Reads the values of a row in the order in which they were written.
#[derive(Debug)]
pub struct RowReader<'a> {
    bytes: &'a [u8],
}

impl RowWriter {
    /// Writes a number; small ones take one byte.
    pub fn number(&mut self, number: u64) {
        let mut rest = number;
        while rest >= u64::from(MORE) {
            self.bytes.push(rest as u8 | MORE);
            rest >>= BITS;
        }
        self.bytes.push(rest as u8);
    }

    /// Writes token ids: two bytes for each if all are less than 65,536, and four otherwise.
    pub fn ids(&mut self, ids: &[i64]) {
        let wide = ids.iter().any(|id| *id > i64::from(u16::MAX));
        self.number((ids.len() as u64) << 1 | u64::from(wide));
        for id in ids {
            match u32::try_from(*id) {
                Ok(id) if wide => self.bytes.extend(id.to_le_bytes()),
                Ok(id) => self.bytes.extend((id as u16).to_le_bytes()),
                Err(_) => self.invalid_id = self.invalid_id.or(Some(*id)),
            }
        }
    }

    /// Writes a number that may be missing, with its exact value.
    pub fn float(&mut self, number: Option<f64>) {
        self.bytes.push(number.is_some().into());
        self.bytes.extend(number.iter().flat_map(|number| number.to_le_bytes()));
    }

    /// Writes a mask that may be missing, with one bit for each token.
    pub fn mask(&mut self, mask: Option<&[bool]>) {
        self.number(mask.map_or(0, |mask| mask.len() as u64 + 1));
        for bits in mask.unwrap_or_default().chunks(8) {
            self.bytes.push(bits.iter().enumerate().fold(0, |byte, (place, bit)| byte | u8::from(*bit) << place));
        }
    }

    /// The bytes so far, or an id that cannot be stored.
    pub(super) fn finish(self) -> Result<Vec<u8>, i64> {
        self.invalid_id.map_or(Ok(self.bytes), Err)
    }
}

impl<'a> RowReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether all was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// Reads a number.
    pub fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & !MORE).checked_shl(shift)?;
            shift += BITS;
            if byte & MORE == 0 {
                return Some(number);
            }
        }
    }

    /// Reads token ids.
    pub fn ids(&mut self) -> Option<Vec<i64>> {
        let header = self.number()?;
        let length = usize::try_from(header >> 1).ok()?;
        let width = if header & 1 == 0 { 2 } else { 4 };
        let bytes = self.take(length.checked_mul(width)?)?;
        let id = |bytes: &[u8]| bytes.iter().rev().fold(0, |id, byte| id << 8 | i64::from(*byte));
        Some(bytes.chunks_exact(width).map(id).collect())
    }

    /// Reads a number that may be missing.
    pub fn float(&mut self) -> Option<Option<f64>> {
        match self.byte()? {
            0 => Some(None),
            _ => Some(Some(f64::from_le_bytes(self.take(8)?.try_into().ok()?))),
        }
    }

    /// Reads a mask that may be missing.
    pub fn mask(&mut self) -> Option<Option<Vec<bool>>> {
        let Some(length) = self.number()?.checked_sub(1) else { return Some(None) };
        let length = usize::try_from(length).ok()?;
        let bytes = self.take(length.div_ceil(8))?;
        let bits = bytes.iter().flat_map(|byte| (0..8).map(move |place| byte >> place & 1 == 1));
        Some(Some(bits.take(length).collect()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_are_read_as_they_were_written() {
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let lists: [&[i64]; 4] = [&[], &[0, 65_535], &[0, 65_536], &[i64::from(u32::MAX)]];
        let floats = [None, Some(0.1), Some(-0.0), Some(f64::MIN_POSITIVE)];
        let masks = [
            None,
            Some(vec![]),
            Some(vec![true; 8]),
            Some(vec![true, false, false, true, true, false, true, false, true]),
        ];
        let mut writer = RowWriter::default();
        numbers.iter().for_each(|number| writer.number(*number));
        lists.iter().for_each(|ids| writer.ids(ids));
        floats.iter().for_each(|number| writer.float(*number));
        masks.iter().for_each(|mask| writer.mask(mask.as_deref()));
        let bytes = writer.finish().unwrap();
        let mut reader = RowReader::new(&bytes);
        numbers.iter().for_each(|number| assert_eq!(reader.number(), Some(*number)));
        lists.iter().for_each(|ids| assert_eq!(reader.ids().unwrap(), *ids));
        floats
            .iter()
            .for_each(|number| assert_eq!(reader.float().unwrap().map(f64::to_bits), number.map(f64::to_bits)));
        masks.iter().for_each(|mask| assert_eq!(reader.mask().unwrap(), *mask));
        assert!(reader.is_at_end());
        for end in 0..bytes.len() {
            let mut reader = RowReader::new(&bytes[..end]);
            let whole = numbers.iter().all(|_| reader.number().is_some())
                && lists.iter().all(|_| reader.ids().is_some())
                && floats.iter().all(|_| reader.float().is_some())
                && masks.iter().all(|_| reader.mask().is_some());
            assert!(!whole, "{end} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn ids_that_cannot_be_stored_are_found() {
        for id in [-1, i64::from(u32::MAX) + 1] {
            let mut writer = RowWriter::default();
            writer.ids(&[3, id]);
            assert_eq!(writer.finish(), Err(id));
        }
    }
}
