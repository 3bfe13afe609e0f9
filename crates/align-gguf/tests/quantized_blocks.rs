//! Blocks of each type have the values that the Python package `gguf` computes (`data/quantized_blocks.py`), bit for bit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use align_gguf::{TensorType, dequantize, quantize};
use serde_json::Value;

const TYPES: [TensorType; 10] = [
    TensorType::Q4_0,
    TensorType::Q4_1,
    TensorType::Q5_0,
    TensorType::Q5_1,
    TensorType::Q8_0,
    TensorType::Q2_K,
    TensorType::Q3_K,
    TensorType::Q4_K,
    TensorType::Q5_K,
    TensorType::Q6_K,
];

fn expected() -> Value {
    serde_json::from_str(include_str!("data/quantized_blocks.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn floats(value: &Value) -> Vec<f32> {
    bytes(value).chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

#[test]
fn blocks_are_dequantised() {
    let read = &expected()["read"];
    assert_eq!(read.as_object().unwrap().len(), TYPES.len());
    for kind in TYPES {
        let case = &read[kind.to_string()];
        let (blocks, wanted) = (bytes(&case["bytes"]), floats(&case["values"]));
        assert_eq!(blocks.len() / kind.block_bytes() * kind.block_size(), wanted.len(), "{kind}");
        let mut values = vec![f32::NAN; wanted.len()];
        dequantize(kind, &blocks, &mut values);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        // Zeros may differ in their sign.
        let plus = |values: &[f32]| bits(&values.iter().map(|value| value + 0.0).collect::<Vec<_>>());
        assert_eq!(plus(&values), plus(&wanted), "{kind}");
    }
}

#[test]
fn values_are_quantised_as_llama_cpp_does() {
    let write = &expected()["write"];
    let values = floats(&write["values"]);
    for kind in [TensorType::F32, TensorType::F16, TensorType::BF16, TensorType::Q8_0] {
        let mut written = Vec::new();
        quantize(kind, &values, &mut written).unwrap();
        assert_eq!(written, bytes(&write["bytes"][kind.to_string()]), "{kind}");
        let mut back = vec![f32::NAN; values.len()];
        dequantize(kind, &written, &mut back);
        for (block, back) in values.chunks(32).zip(back.chunks(32)) {
            let largest = block.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            // Half a step of Q8_0, and the rounding of its scale. Numbers below 6e-8 are 0 in half precision.
            let tolerance = largest * (0.5 / 127.0 + 1e-3) + 6e-8 * 128.0;
            assert!(block.iter().zip(back).all(|(one, other)| (one - other).abs() <= tolerance), "{kind}");
        }
    }
    assert!(quantize(TensorType::Q4_K, &values, &mut Vec::new()).unwrap_err().contains("F32, F16, BF16 and Q8_0"));
}
