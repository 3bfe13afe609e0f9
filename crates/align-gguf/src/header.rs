//! Parses the header of a file: everything before the data of the tensors.

use crate::error::{GgufError, Result, io_error, malformed};
use crate::value::{ARRAY, Array, Value};
use crate::{Metadata, TensorInfo, TensorType};
use std::collections::HashSet;
use std::io::{BufReader, ErrorKind, Read};
use std::path::Path;

/// Most dimensions of a tensor in ggml.
const MAX_DIMENSIONS: u32 = 4;
/// The smallest description of a field: a name of one byte and a value of one byte.
const MIN_FIELD_BYTES: u64 = 14;
/// The fewest bytes of a file for each tensor: its description, a short name, and data that is aligned.
const MIN_TENSOR_BYTES: u64 = 64;
/// The alignment of the data if the metadata does not have another one.
pub(crate) const ALIGNMENT: u64 = 32;
/// Largest alignment that is read.
const MAX_ALIGNMENT: u64 = 1 << 20;
/// Longest key or name of a tensor, in bytes. ggml allows 64 for tensors, and the format 65,535 for keys.
const MAX_NAME: u64 = 65_535;

/// The parsed header.
#[derive(Debug)]
pub(crate) struct Header {
    pub metadata: Metadata,
    pub tensors: Vec<TensorInfo>,
    /// The position of the data in the file.
    pub data_start: u64,
}

/// Parses the header of a file of `len` bytes. The data of the tensors is not read.
pub(crate) fn parse(path: &Path, file: impl Read, len: u64) -> Result<Header> {
    let mut input = Input { path, file: BufReader::new(file), at: 0, len };
    check_version(&mut input)?;
    let (tensor_count, field_count) = (input.u64()?, input.u64()?);
    input.check_count("tensors", tensor_count, MIN_TENSOR_BYTES)?;
    input.check_count("fields of metadata", field_count, MIN_FIELD_BYTES)?;

    let mut fields = Vec::with_capacity(usize::try_from(field_count).unwrap_or(0));
    for _ in 0..field_count {
        let key = input.name()?;
        let kind = input.u32()?;
        let value = input.value(&key, kind)?;
        fields.push((key, value));
    }
    let metadata =
        Metadata::from_fields(fields).map_err(|key| malformed(path, format!("contains the field `{key}` twice")))?;
    let mut tensors = Vec::with_capacity(usize::try_from(tensor_count).unwrap_or(0));
    for _ in 0..tensor_count {
        tensors.push(input.tensor()?);
    }
    let alignment = alignment(&metadata).map_err(|reason| malformed(path, reason))?;
    let data_start = input.at.next_multiple_of(alignment);
    check_tensors(&tensors, alignment, len.saturating_sub(data_start)).map_err(|reason| malformed(path, reason))?;
    Ok(Header { metadata, tensors, data_start })
}

fn check_version(input: &mut Input<'_, impl Read>) -> Result<()> {
    let magic = input.bytes::<4>()?;
    if magic != *b"GGUF" {
        let old = [*b"lmgg", *b"fmgg", *b"tjgg"].contains(&magic);
        return Err(input.fault(match old {
            true => "is a file of a format before GGUF (GGML): convert the model again with a current llama.cpp",
            false => "is not a GGUF file: it does not begin with GGUF",
        }));
    }
    match input.u32()? {
        2 | 3 => Ok(()),
        1 => Err(input
            .fault("has version 1 of the format, expected 2 or 3: convert the model again with a current llama.cpp")),
        version if version & 0xffff == 0 => Err(input
            .fault("has numbers in big-endian order, which is not supported: use the little-endian file of the model")),
        version => Err(input.fault(format!("has version {version} of the format, expected 2 or 3"))),
    }
}

/// The alignment that the metadata gives.
pub(crate) fn alignment(metadata: &Metadata) -> Result<u64, String> {
    let key = "general.alignment";
    let alignment = metadata.u64(key).map_err(|error| error.to_string())?.unwrap_or(ALIGNMENT);
    if !alignment.is_power_of_two() || !(8..=MAX_ALIGNMENT).contains(&alignment) {
        return Err(format!("{key} is {alignment}, expected a power of two from 8 to {MAX_ALIGNMENT}"));
    }
    Ok(alignment)
}

/// Checks that each tensor is inside the `room` for data, and that they do not overlap: then they need no more memory than the file
/// has values.
fn check_tensors(tensors: &[TensorInfo], alignment: u64, room: u64) -> Result<(), String> {
    let mut names = HashSet::with_capacity(tensors.len());
    for tensor in tensors {
        if !names.insert(tensor.name.as_str()) {
            return Err(format!("contains the tensor `{}` twice", tensor.name));
        }
        let end = tensor.offset.checked_add(tensor.bytes());
        if end.is_none_or(|end| end > room) {
            return Err(format!(
                "is truncated or damaged: the tensor `{}` has {} bytes at {} of the data, but the data has {room} bytes; download the file \
                 again",
                tensor.name,
                tensor.bytes(),
                tensor.offset
            ));
        }
        if !tensor.offset.is_multiple_of(alignment) {
            return Err(format!(
                "is damaged: the tensor `{}` begins at {}, expected a multiple of {alignment}",
                tensor.name, tensor.offset
            ));
        }
    }
    let mut ordered: Vec<&TensorInfo> = tensors.iter().collect();
    ordered.sort_by_key(|tensor| tensor.offset);
    for [one, next] in ordered.array_windows() {
        if one.offset.saturating_add(one.bytes()) > next.offset {
            return Err(format!("is damaged: the tensors `{}` and `{}` overlap", one.name, next.name));
        }
    }
    Ok(())
}

/// The unread part of the header.
struct Input<'a, R> {
    path: &'a Path,
    file: BufReader<R>,
    at: u64,
    len: u64,
}

impl<R: Read> Input<'_, R> {
    fn fault(&self, reason: impl Into<String>) -> GgufError {
        malformed(self.path, reason)
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.at += buffer.len() as u64;
        self.file.read_exact(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => {
                malformed(self.path, "ends within its header: it was probably truncated; download it again")
            }
            _ => io_error(self.path)(error),
        })
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> Result<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    /// Fails if the rest of the file is too short for `count` items.
    fn check_count(&self, what: &str, count: u64, bytes_of_one: u64) -> Result<usize> {
        let rest = self.len.saturating_sub(self.at);
        let fits = count.checked_mul(bytes_of_one).is_some_and(|bytes| bytes <= rest);
        let count_as_usize = usize::try_from(count).ok().filter(|_| fits);
        count_as_usize.ok_or_else(|| {
            self.fault(format!(
                "is truncated or damaged: it has {count} {what} according to its header, but {rest} bytes follow"
            ))
        })
    }

    fn string(&mut self) -> Result<String> {
        let length = self.u64()?;
        let mut bytes = vec![0; self.check_count("bytes of a text", length, 1)?];
        self.fill(&mut bytes)?;
        // Some files have tokens that are not valid UTF-8.
        Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn name(&mut self) -> Result<String> {
        let name = self.string()?;
        match name.len() as u64 {
            0 => Err(self.fault("is damaged: a field or tensor has no name")),
            1..=MAX_NAME => Ok(name),
            length => Err(self.fault(format!("has a name of {length} bytes, expected at most {MAX_NAME}"))),
        }
    }

    fn value(&mut self, key: &str, kind: u32) -> Result<Value> {
        Ok(match kind {
            0 => Value::U8(u8::from_le_bytes(self.bytes()?)),
            1 => Value::I8(i8::from_le_bytes(self.bytes()?)),
            2 => Value::U16(u16::from_le_bytes(self.bytes()?)),
            3 => Value::I16(i16::from_le_bytes(self.bytes()?)),
            4 => Value::U32(self.u32()?),
            5 => Value::I32(i32::from_le_bytes(self.bytes()?)),
            6 => Value::F32(f32::from_le_bytes(self.bytes()?)),
            7 => Value::Bool(self.bytes::<1>()? != [0]),
            8 => Value::String(self.string()?),
            ARRAY => Value::Array(self.array(key)?),
            10 => Value::U64(self.u64()?),
            11 => Value::I64(i64::from_le_bytes(self.bytes()?)),
            12 => Value::F64(f64::from_le_bytes(self.bytes()?)),
            _ => return Err(self.fault(format!("is damaged: the field `{key}` has the unknown type {kind}"))),
        })
    }

    fn array(&mut self, key: &str) -> Result<Array> {
        let (kind, count) = (self.u32()?, self.u64()?);
        Ok(match kind {
            0 => Array::U8(self.list(count, u8::from_le_bytes)?),
            1 => Array::I8(self.list(count, i8::from_le_bytes)?),
            2 => Array::U16(self.list(count, u16::from_le_bytes)?),
            3 => Array::I16(self.list(count, i16::from_le_bytes)?),
            4 => Array::U32(self.list(count, u32::from_le_bytes)?),
            5 => Array::I32(self.list(count, i32::from_le_bytes)?),
            6 => Array::F32(self.list(count, f32::from_le_bytes)?),
            7 => Array::Bool(self.list(count, |byte: [u8; 1]| byte != [0])?),
            8 => {
                let mut texts = Vec::with_capacity(self.check_count("texts", count, 8)?);
                for _ in 0..count {
                    texts.push(self.string()?);
                }
                Array::String(texts)
            }
            10 => Array::U64(self.list(count, u64::from_le_bytes)?),
            11 => Array::I64(self.list(count, i64::from_le_bytes)?),
            12 => Array::F64(self.list(count, f64::from_le_bytes)?),
            ARRAY => return Err(self.fault(format!("has lists in the list `{key}`, which are not supported"))),
            _ => return Err(self.fault(format!("is damaged: the list `{key}` has values of the unknown type {kind}"))),
        })
    }

    fn list<T, const N: usize>(&mut self, count: u64, convert: fn([u8; N]) -> T) -> Result<Vec<T>> {
        let mut values = Vec::with_capacity(self.check_count("values in a list", count, N as u64)?);
        for _ in 0..count {
            values.push(convert(self.bytes()?));
        }
        Ok(values)
    }

    fn tensor(&mut self) -> Result<TensorInfo> {
        let name = self.name()?;
        let count = self.u32()?;
        if count > MAX_DIMENSIONS {
            return Err(self.fault(format!(
                "is damaged: the tensor `{name}` has {count} dimensions, expected at most {MAX_DIMENSIONS}"
            )));
        }
        let dimensions = (0..count).map(|_| self.u64()).collect::<Result<Vec<u64>>>()?;
        let kind = TensorType::from_id(self.u32()?)
            .map_err(|reason| malformed(self.path, format!("the tensor `{name}` {reason}")))?;
        let tensor = TensorInfo { name, dimensions, kind, offset: self.u64()? };
        tensor.check().map_err(|reason| malformed(self.path, format!("the tensor `{}` {reason}", tensor.name)))?;
        Ok(tensor)
    }
}
