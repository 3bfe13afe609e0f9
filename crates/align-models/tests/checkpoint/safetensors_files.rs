//! Invalid safetensors files.

use crate::fixtures::*;
use align_models::checkpoint::Checkpoint;

fn file(header: &str, data: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; data]].concat()
}

fn refused(bytes: &[u8]) -> String {
    refusal(folder_with("model.safetensors", bytes).path())
}

const HEADER: &str =
    r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]}}"#;

#[test]
fn a_handwritten_file_is_read() {
    let mut bytes = file(HEADER, 0);
    bytes.extend([1.5_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()));
    bytes.extend([0x00, 0x3c, 0x00, 0xc0]); // 1 and -2 in binary16
    let folder = folder_with("model.safetensors", &bytes);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert_eq!(values(&checkpoint.read("a").unwrap()), [1.5, -2.0]);
    assert_eq!(values(&checkpoint.read("b").unwrap()), [1.0, -2.0]);
    assert_eq!(checkpoint.entries()[1].shape(), [2, 1]);
}

#[test]
fn lengths_are_checked_against_the_file() {
    assert_says(&refused(b"short"), &["5 bytes long", "too short"]);
    assert_says(&refused(&u64::MAX.to_le_bytes()), &["18446744073709551615", "truncated"]);
    assert_says(&refused(&file(HEADER, 11)), &["describes 12 bytes of data, but the file contains 11"]);
    assert_says(&refused(&file(HEADER, 13)), &["describes 12 bytes of data, but the file contains 13"]);
    assert_says(&refused(&file(HEADER, 0)[..50]), &["truncated"]);
}

/// The format's own limit, in a file that would be long enough (it has a hole in place of the header).
#[test]
fn a_header_above_the_size_limit_is_rejected() {
    let folder = folder_with("model.safetensors", &100_000_001_u64.to_le_bytes());
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("model.safetensors")).unwrap();
    file.set_len(200_000_000).unwrap();
    assert_says(&refusal(folder.path()), &["100000001", "allows at most 100000000"]);
}

#[test]
fn inconsistent_headers_are_rejected() {
    let one = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let lies = [
        (one("[3]", 0, 8), "`a`, Float of shape [3], needs 12 bytes, but its data_offsets are 0 and 8"),
        (one("[1]", 4, 8), "`a` leaves a gap: its data begins at byte 4, expected 0"),
        (one("[2]", 8, 0), "`a` leaves a gap"),
        (one("[-2]", 0, 8), "cannot be read: invalid value: integer `-2`"),
        (one("[2]", 0, u64::MAX), "`a`, Float of shape [2], needs 8 bytes"),
        (one("[4294967296,4294967296,4294967296]", 0, 8), "impossible shape"),
        (one("2", 0, 8), "cannot be read: invalid type: integer `2`, expected a list of sizes"),
        (one(&format!("[{}1]", "1,".repeat(100)), 0, 4), "cannot be read: a shape of more than 16 dimensions"),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#
                .into(),
            "`b` overlaps another: its data begins at byte 0, expected 4",
        ),
        (
            r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#
                .into(),
            "contains tensor `a` twice",
        ),
        (r#"{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#.into(), "`a` is stored as F31"),
        (r#"{"a":{"dtype":"F32","shape":[2]}}"#.into(), "cannot be read: missing field `data_offsets`"),
        ("[]".into(), "cannot be read: invalid type: sequence, expected an object of tensors"),
        ("{".into(), "cannot be read: EOF"),
        ("\u{0}\u{1}".into(), "cannot be read: expected value"),
        ("[".repeat(100_000), "cannot be read"),
    ];
    for (lie, part) in lies {
        let message = refused(&file(&lie, 8));
        assert_says(&message, &["model.safetensors", part]);
        assert!(message.len() < 500, "{message}");
    }
}

#[test]
fn unsupported_dtypes_are_named() {
    let header = r#"{"a":{"dtype":"U16","shape":[4],"data_offsets":[0,8]}}"#;
    assert_says(&refused(&file(header, 8)), &["tensor `a`", "U16"]);
}

/// A shape with a zero hides any other size from the product.
#[test]
fn empty_tensors_are_read_and_impossible_shapes_are_rejected() {
    let header = r#"{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}"#;
    let folder = folder_with("model.safetensors", &file(header, 0));
    assert_eq!(Checkpoint::open(folder.path()).unwrap().read("a").unwrap().size(), [0, 3]);
    let header = r#"{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#;
    assert_says(&refused(&file(header, 0)), &["a size of 18446744073709551615"]);
    let header = r#"{"a":{"dtype":"F32","shape":[0,9223372036854775807,2],"data_offsets":[0,0]}}"#;
    assert_eq!(Checkpoint::open(folder_with("model.safetensors", &file(header, 0)).path()).unwrap().entries().len(), 1);
}

#[test]
fn eight_bit_floats_are_rejected_by_name() {
    for dtype in ["F8_E4M3", "F8_E5M2", "F8_E8M0", "F4"] {
        let header = format!(r#"{{"a":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,2]}}}}"#);
        assert_says(&refused(&file(&header, 2)), &["model.safetensors", "tensor `a`", dtype, "bfloat16"]);
    }
}
