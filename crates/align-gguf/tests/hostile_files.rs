//! Files that are cut, damaged or made to mislead the reader are refused, with the reason.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_gguf::{GgufError, GgufFile, GgufWriter, Metadata, TensorInfo, TensorType, Value};
use std::path::PathBuf;

/// A file with a text, a list and two tensors. Its parts are at fixed positions, which the tests change.
fn bytes() -> Vec<u8> {
    let metadata = Metadata::from_iter([
        ("name".to_owned(), Value::from("tiny")),
        ("list".to_owned(), Value::from(vec![1_u32, 2, 3])),
    ]);
    let tensors = vec![TensorInfo::new("a", &[2, 32], TensorType::Q8_0), TensorInfo::new("b", &[3], TensorType::F32)];
    let mut writer = GgufWriter::begin(Vec::new(), metadata, tensors).unwrap();
    writer.write(&[1.0; 32]).unwrap();
    writer.write(&[2.0; 32]).unwrap();
    writer.write(&[1.0, 2.0, 3.0]).unwrap();
    writer.finish().unwrap()
}

fn open(bytes: &[u8]) -> Result<GgufFile, String> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("model.gguf");
    std::fs::write(&path, bytes).unwrap();
    GgufFile::open(&path).map_err(|error| error.to_string())
}

/// The position after `text` in the file.
fn after(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap() + text.len()
}

#[track_caller]
fn refused(bytes: &[u8], reason: &str) {
    let problem = open(bytes).unwrap_err();
    assert!(problem.contains(reason), "{problem}");
}

fn with(at: usize, new: &[u8]) -> Vec<u8> {
    let mut changed = bytes();
    changed[at..at + new.len()].copy_from_slice(new);
    changed
}

#[test]
fn a_file_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, bytes()).unwrap();
    let file = GgufFile::open(&path).unwrap();
    assert_eq!(file.metadata().text("name").unwrap(), Some("tiny"));
    assert!(file.metadata().u64("name").unwrap_err().to_string().contains("expected a whole number, found the text"));
    let read = |name: &str| {
        let mut values = Vec::new();
        let consume = |part: &[f32]| {
            values.extend_from_slice(part);
            Ok::<(), GgufError>(())
        };
        file.read(file.tensor(name).unwrap(), consume).unwrap();
        values
    };
    assert_eq!(read("b"), [1.0, 2.0, 3.0]);
    let a = read("a");
    assert!(a.len() == 64 && (a[0] - 1.0).abs() < 1e-3 && (a[63] - 2.0).abs() < 1e-3);
}

#[test]
fn every_cut_is_refused() {
    let bytes = bytes();
    for end in 0..bytes.len() - 20 {
        assert!(open(&bytes[..end]).is_err(), "cut at {end}");
    }
    refused(&bytes[..40], "truncated");
}

#[test]
fn magic_version_and_byte_order() {
    refused(&with(0, b"GGUX"), "does not begin with GGUF");
    refused(&with(0, b"tjgg"), "a format before GGUF");
    refused(&with(4, &1_u32.to_le_bytes()), "version 1");
    refused(&with(4, &3_u32.to_be_bytes()), "big-endian");
    refused(&with(4, &9_u32.to_le_bytes()), "version 9");
    assert!(open(&with(4, &2_u32.to_le_bytes())).is_ok());
}

#[test]
fn counts_and_lengths_beyond_the_file() {
    let huge = u64::MAX.to_le_bytes();
    refused(&with(8, &huge), "tensors according to its header");
    refused(&with(16, &huge), "fields of metadata");
    refused(&with(24, &huge), "bytes of a text");
    let bytes = bytes();
    refused(&with(after(&bytes, "list") + 8, &huge), "values in a list");
    refused(&with(after(&bytes, "list"), &99_u32.to_le_bytes()), "unknown type 99");
    refused(&with(after(&bytes, "list") + 4, &9_u32.to_le_bytes()), "lists in the list");
}

#[test]
fn tensors_that_lie() {
    let bytes = bytes();
    // The first tensor: 1 byte of name, number of dimensions, two sizes, type, offset.
    let name = after(&bytes, &format!("{}a", "\0".repeat(7))) - 1;
    let (dimensions, sizes, kind, offset) = (name + 1, name + 5, name + 21, name + 25);
    refused(&with(dimensions, &200_u32.to_le_bytes()), "200 dimensions");
    refused(&with(sizes + 8, &3_u64.to_le_bytes()), "overlap");
    refused(&with(sizes, &33_u64.to_le_bytes()), "a multiple of it");
    refused(&with(sizes + 8, &(1_u64 << 40).to_le_bytes()), "truncated or damaged");
    refused(&with(sizes + 8, &(u64::MAX / 4).to_le_bytes()), "impossible shape");
    refused(&with(kind, &23_u32.to_le_bytes()), "type IQ4_XS, which is not supported");
    refused(&with(kind, &77_u32.to_le_bytes()), "type number 77");
    refused(&with(offset, &8_u64.to_le_bytes()), "multiple of 32");
    refused(&with(offset, &u64::MAX.to_le_bytes()), "truncated or damaged");
    refused(&with(name, b"b"), "the tensor `b` twice");
}

#[test]
fn a_writer_checks_the_values() {
    let tensor = || vec![TensorInfo::new("a", &[2, 32], TensorType::Q8_0)];
    let mut writer = GgufWriter::begin(Vec::new(), Metadata::default(), tensor()).unwrap();
    assert!(writer.write(&[0.0; 96]).unwrap_err().to_string().contains("96 values"));
    assert!(writer.write(&[0.0; 31]).unwrap_err().to_string().contains("whole blocks"));
    writer.write(&[0.0; 32]).unwrap();
    assert!(writer.finish().unwrap_err().to_string().contains("32 values are missing"));
    let uneven = vec![TensorInfo::new("a", &[2, 40], TensorType::Q8_0)];
    assert!(GgufWriter::begin(Vec::new(), Metadata::default(), uneven).unwrap_err().to_string().contains("multiple"));
}
