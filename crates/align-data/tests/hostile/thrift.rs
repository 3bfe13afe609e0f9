//! Writes Thrift's compact protocol, including invalid data.

/// A value of Thrift's compact protocol.
pub enum Thrift {
    Int(u8, i64),
    Bytes(Vec<u8>),
    List(u8, Vec<Thrift>),
    /// A list header with a false length.
    Claimed(u8, u64),
    Struct(Vec<(u8, Thrift)>),
}
use Thrift::*;

pub const I32: u8 = 5;
pub const I64: u8 = 6;
pub const BINARY: u8 = 8;
pub const STRUCT: u8 = 12;

pub fn i32(number: i64) -> Thrift {
    Int(I32, number)
}

pub fn i64(number: i64) -> Thrift {
    Int(I64, number)
}

pub fn bytes(text: &str) -> Thrift {
    Bytes(text.as_bytes().to_vec())
}

pub fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

pub fn zigzag(number: i64) -> Vec<u8> {
    varint((number << 1 ^ number >> 63) as u64)
}

impl Thrift {
    fn kind(&self) -> u8 {
        match self {
            Int(kind, _) => *kind,
            Bytes(_) => BINARY,
            List(..) | Claimed(..) => 9,
            Struct(_) => STRUCT,
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Int(_, number) => out.extend(zigzag(*number)),
            Bytes(bytes) => {
                out.extend(varint(bytes.len() as u64));
                out.extend(bytes);
            }
            Claimed(kind, length) => {
                out.push(0xf0 | kind);
                out.extend(varint(*length));
            }
            List(kind, items) => {
                Claimed(*kind, items.len() as u64).write(out);
                items.iter().for_each(|item| item.write(out));
            }
            Struct(fields) => {
                let mut before = 0;
                for (field, value) in fields {
                    out.push((field - before) << 4 | value.kind());
                    value.write(out);
                    before = *field;
                }
                out.push(0);
            }
        }
    }
}
