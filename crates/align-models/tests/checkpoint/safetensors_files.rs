//! Safetensors files that are not what they say.

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
fn a_file_by_hand_is_read() {
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
    assert_says(&refused(&u64::MAX.to_le_bytes()), &["18446744073709551615", "cut short"]);
    assert_says(&refused(&file(HEADER, 11)), &["describes 12 bytes of data, it holds 11"]);
    assert_says(&refused(&file(HEADER, 13)), &["describes 12 bytes of data, it holds 13"]);
    assert_says(&refused(&file(HEADER, 0)[..50]), &["cut short"]);
}

/// The format's own limit, in a file that would be long enough (it has a hole in place of the header).
#[test]
fn a_header_beyond_the_formats_limit_is_refused() {
    let folder = folder_with("model.safetensors", &100_000_001_u64.to_le_bytes());
    let file = std::fs::OpenOptions::new().write(true).open(folder.path().join("model.safetensors")).unwrap();
    file.set_len(200_000_000).unwrap();
    assert_says(&refusal(folder.path()), &["100000001", "allows 100000000"]);
}

#[test]
fn headers_that_lie_are_refused() {
    let one = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let lies = [
        one("[3]", 0, 8),
        one("[1]", 4, 8),
        one("[2]", 8, 0),
        one("[-2]", 0, 8),
        one("[2]", 0, u64::MAX),
        one("[4294967296,4294967296,4294967296]", 0, 8),
        one("2", 0, 8),
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#.into(),
        r#"{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}"#.into(),
        r#"{"a":{"dtype":"F32","shape":[2]}}"#.into(),
        "[]".into(),
        "{".into(),
        "\u{0}\u{1}".into(),
        "[".repeat(100_000),
    ];
    for lie in lies {
        let message = refused(&file(&lie, 8));
        assert_says(&message, &["model.safetensors", "header that cannot be read"]);
        assert!(message.len() < 500, "{message}");
    }
}

#[test]
fn dtypes_that_torch_lacks_here_are_named() {
    let header = r#"{"a":{"dtype":"U16","shape":[4],"data_offsets":[0,8]}}"#;
    assert_says(&refused(&file(header, 8)), &["tensor `a`", "U16"]);
}

/// A shape with a zero hides any other size from the product.
#[test]
fn empty_tensors_are_read_and_impossible_ones_refused() {
    let header = r#"{"a":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}"#;
    let folder = folder_with("model.safetensors", &file(header, 0));
    assert_eq!(Checkpoint::open(folder.path()).unwrap().read("a").unwrap().size(), [0, 3]);
    let header = r#"{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}"#;
    assert_says(&refused(&file(header, 0)), &["impossible shape"]);
}
