use crate::header::alignment;
use crate::quantize::quantize;
use crate::value::{Array, Value};
use crate::{GgufError, Metadata, Result, TensorInfo};
use std::io::Write;

/// The version of the format that is written.
const VERSION: u32 = 3;

/// Writes a file: the header first, then the values of the tensors in order.
#[derive(Debug)]
pub struct GgufWriter<W> {
    out: W,
    alignment: u64,
    tensors: std::vec::IntoIter<TensorInfo>,
    /// The tensor whose values are expected, and the number of values that it still needs.
    current: Option<(TensorInfo, u64)>,
    buffer: Vec<u8>,
}

impl<W: Write> GgufWriter<W> {
    /// Writes the header. `tensors` are those whose values follow, in this order. `general.alignment` in the metadata sets the alignment
    /// of the data (32 by default).
    ///
    /// # Errors
    /// A tensor's rows are not a multiple of the block size; a name occurs twice; I/O errors.
    pub fn begin(mut out: W, metadata: Metadata, mut tensors: Vec<TensorInfo>) -> Result<Self> {
        let alignment =
            alignment(&metadata).map_err(|reason| GgufError::Field { key: "general.alignment".to_owned(), reason })?;
        let mut names = std::collections::HashSet::new();
        let mut end = 0_u64;
        for tensor in &mut tensors {
            let fail = |reason: String| GgufError::Unwritable { name: tensor.name.clone(), reason };
            tensor.check().map_err(fail)?;
            if !names.insert(tensor.name.clone()) {
                return Err(fail("the name occurs twice".to_owned()));
            }
            tensor.offset = end;
            end = (end + tensor.bytes()).next_multiple_of(alignment);
        }
        let header = header(&metadata, &tensors, alignment);
        out.write_all(&header)?;
        let mut writer = Self { out, alignment, tensors: tensors.into_iter(), current: None, buffer: Vec::new() };
        writer.next_tensor();
        Ok(writer)
    }

    /// Writes values of the current tensor, the first one that is not complete. They must be whole blocks, and of one tensor.
    ///
    /// # Errors
    /// There are more values than the tensor has, or part of a block; the type is not one that can be written; I/O errors.
    pub fn write(&mut self, values: &[f32]) -> Result<()> {
        let fail = |name: &str, reason: String| GgufError::Unwritable { name: name.to_owned(), reason };
        let Some((tensor, rest)) = &mut self.current else {
            return Err(fail("after the last one", "there is no such tensor".to_owned()));
        };
        let count = values.len() as u64;
        if count > *rest || !values.len().is_multiple_of(tensor.kind.block_size()) {
            return Err(fail(&tensor.name, format!("{count} values were given, {rest} are expected, in whole blocks")));
        }
        self.buffer.clear();
        quantize(tensor.kind, values, &mut self.buffer).map_err(|reason| fail(&tensor.name, reason))?;
        self.out.write_all(&self.buffer)?;
        *rest -= count;
        if *rest == 0 {
            let bytes = tensor.bytes();
            let padding = bytes.next_multiple_of(self.alignment) - bytes;
            self.out.write_all(&vec![0; usize::try_from(padding).unwrap_or(0)])?;
            self.next_tensor();
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// A tensor is not complete; I/O errors.
    pub fn finish(mut self) -> Result<W> {
        if let Some((tensor, rest)) = self.current {
            return Err(GgufError::Unwritable { name: tensor.name, reason: format!("{rest} values are missing") });
        }
        self.out.flush()?;
        Ok(self.out)
    }

    /// Moves to the next tensor that has values.
    fn next_tensor(&mut self) {
        self.current = self
            .tensors
            .by_ref()
            .map(|tensor| (tensor.numel(), tensor))
            .find(|(rest, _)| *rest > 0)
            .map(|(rest, tensor)| (tensor, rest));
    }
}

/// The header with its padding.
fn header(metadata: &Metadata, tensors: &[TensorInfo], alignment: u64) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((metadata.iter().len() as u64).to_le_bytes());
    for (key, value) in metadata.iter() {
        string(&mut out, key);
        out.extend(value.type_id().to_le_bytes());
        write_value(&mut out, value);
    }
    for tensor in tensors {
        string(&mut out, &tensor.name);
        out.extend((tensor.dimensions.len() as u32).to_le_bytes());
        out.extend(tensor.dimensions.iter().flat_map(|size| size.to_le_bytes()));
        out.extend(tensor.kind.id().to_le_bytes());
        out.extend(tensor.offset.to_le_bytes());
    }
    let length = (out.len() as u64).next_multiple_of(alignment);
    out.resize(usize::try_from(length).unwrap_or(out.len()), 0);
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::U8(value) => out.push(*value),
        Value::I8(value) => out.extend(value.to_le_bytes()),
        Value::U16(value) => out.extend(value.to_le_bytes()),
        Value::I16(value) => out.extend(value.to_le_bytes()),
        Value::U32(value) => out.extend(value.to_le_bytes()),
        Value::I32(value) => out.extend(value.to_le_bytes()),
        Value::F32(value) => out.extend(value.to_le_bytes()),
        Value::Bool(value) => out.push((*value).into()),
        Value::String(value) => string(out, value),
        Value::U64(value) => out.extend(value.to_le_bytes()),
        Value::I64(value) => out.extend(value.to_le_bytes()),
        Value::F64(value) => out.extend(value.to_le_bytes()),
        Value::Array(array) => {
            out.extend(array.type_id().to_le_bytes());
            out.extend((array.len() as u64).to_le_bytes());
            write_array(out, array);
        }
    }
}

fn write_array(out: &mut Vec<u8>, array: &Array) {
    match array {
        Array::U8(values) => out.extend(values),
        Array::I8(values) => out.extend(values.iter().map(|value| value.cast_unsigned())),
        Array::U16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I16(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::U32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::F32(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::Bool(values) => out.extend(values.iter().map(|value| u8::from(*value))),
        Array::String(texts) => texts.iter().for_each(|text| string(out, text)),
        Array::U64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::I64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        Array::F64(values) => out.extend(values.iter().flat_map(|value| value.to_le_bytes())),
    }
}
