//! A second reader of event files, which shares no code with the writer: checksums bit by bit, and protobuf by field numbers.

use std::path::Path;

/// A field of a protobuf message: its number, and a number or bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    Varint(u64),
    Fixed64(u64),
    Bytes(Vec<u8>),
    Fixed32(u32),
}

/// The fields of a message.
pub struct Fields(Vec<(u64, Field)>);

impl Fields {
    pub fn parse(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Varint(varint(&mut bytes)),
                1 => Field::Fixed64(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    Field::Bytes(take(&mut bytes, length).to_vec())
                }
                5 => Field::Fixed32(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap())),
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    pub fn all(&self, number: u64) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |(known, _)| *known == number).map(|(_, field)| field)
    }

    pub fn bytes(&self, number: u64) -> Option<&[u8]> {
        self.all(number).find_map(|field| if let Field::Bytes(bytes) = field { Some(bytes.as_slice()) } else { None })
    }

    pub fn message(&self, number: u64) -> Option<Self> {
        self.bytes(number).map(Self::parse)
    }

    pub fn messages(&self, number: u64) -> Vec<Self> {
        self.all(number)
            .map(|field| if let Field::Bytes(bytes) = field { Self::parse(bytes) } else { panic!() })
            .collect()
    }

    pub fn text(&self, number: u64) -> String {
        String::from_utf8(self.bytes(number).unwrap_or_default().to_vec()).unwrap()
    }

    pub fn varint(&self, number: u64) -> u64 {
        self.all(number)
            .find_map(|field| if let Field::Varint(value) = field { Some(*value) } else { None })
            .unwrap_or(0)
    }

    pub fn double(&self, number: u64) -> f64 {
        let found = self
            .all(number)
            .find_map(|f| if let Field::Fixed64(bits) = f { Some(f64::from_bits(*bits)) } else { None });
        found.unwrap_or(0.0)
    }

    pub fn float(&self, number: u64) -> Option<f32> {
        self.all(number).find_map(|f| if let Field::Fixed32(bits) = f { Some(f32::from_bits(*bits)) } else { None })
    }

    /// A repeated double, which is packed.
    pub fn doubles(&self, number: u64) -> Vec<f64> {
        let bytes = self.bytes(number).unwrap_or_default();
        bytes.chunks(8).map(|chunk| f64::from_le_bytes(chunk.try_into().unwrap())).collect()
    }
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (first, rest) = bytes.split_at(count);
    *bytes = rest;
    first
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = take(bytes, 1)[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
        shift += 7;
    }
}

/// CRC-32C by the division of polynomials, bit by bit, and the mask of TFRecord.
fn masked_crc(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    let crc = !crc;
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The events of a file. The end of a file that is cut off within a record is the end.
pub fn read(path: &Path) -> Vec<Fields> {
    let bytes = std::fs::read(path).unwrap();
    let (mut rest, mut events) = (bytes.as_slice(), Vec::new());
    while rest.len() >= 12 {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        assert_eq!(u32::from_le_bytes(rest[8..12].try_into().unwrap()), masked_crc(&rest[..8]));
        if rest.len() < length + 16 {
            break;
        }
        let data = &rest[12..12 + length];
        assert_eq!(u32::from_le_bytes(rest[12 + length..16 + length].try_into().unwrap()), masked_crc(data));
        events.push(Fields::parse(data));
        rest = &rest[16 + length..];
    }
    events
}
