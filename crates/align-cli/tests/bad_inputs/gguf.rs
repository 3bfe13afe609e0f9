//! GGUF files that are cut, damaged, of another kind, or made to mislead.

use crate::case::*;
use crate::support::{golden_path, run};
use std::fs;

const GENERATE: &str = "generate --model model.gguf --prompt This";

/// Writes a tiny model as `model.gguf` and changes its bytes.
fn gguf(dir: &std::path::Path, change: impl FnOnce(&mut Vec<u8>)) {
    let model = golden_path("models/gpt2-tiny");
    let output = run("convert", dir, &["--model", &model, "--dtype", "float32", "--output", "model.gguf"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let path = dir.join("model.gguf");
    let mut bytes = fs::read(&path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// The position after a text in the file.
fn after(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap() + text.len()
}

fn put(bytes: &mut [u8], at: usize, new: &[u8]) {
    bytes[at..at + new.len()].copy_from_slice(new);
}

/// Changes a text to another one of the same length.
fn rename(bytes: &mut [u8], from: &str, to: &str) {
    let end = after(bytes, from);
    put(bytes, end - from.len(), to.as_bytes());
}

pub const CASES: &[Case] = &[
    case("a GGUF file that does not exist", no_files, GENERATE, &["model.gguf", "no such file"]),
    case("GGUF cut in its header", |d| gguf(d, |bytes| bytes.truncate(3_000)), GENERATE, &["model.gguf", "truncated"]),
    case(
        "GGUF cut in its data",
        |d| gguf(d, |bytes| bytes.truncate(bytes.len() / 2)),
        GENERATE,
        &["model.gguf", "truncated or damaged: the tensor", "download the file again"],
    ),
    case(
        "a text with the name of a GGUF file",
        |d| write(d, "model.gguf", "{\"model_type\": \"gpt2\"}"),
        GENERATE,
        &["model.gguf", "does not begin with GGUF"],
    ),
    case(
        "GGUF of version 1",
        |d| gguf(d, |bytes| put(bytes, 4, &1_u32.to_le_bytes())),
        GENERATE,
        &["model.gguf", "version 1", "expected 2 or 3", "convert the model again"],
    ),
    case(
        "big-endian GGUF",
        |d| gguf(d, |bytes| put(bytes, 4, &3_u32.to_be_bytes())),
        GENERATE,
        &["model.gguf", "big-endian", "use the little-endian file"],
    ),
    case(
        "GGUF that claims 2^60 tensors",
        |d| gguf(d, |bytes| put(bytes, 8, &(1_u64 << 60).to_le_bytes())),
        GENERATE,
        &["model.gguf", "1152921504606846976 tensors according to its header"],
    ),
    case(
        "a list of GGUF that claims 2^60 tokens",
        |d| {
            gguf(d, |bytes| {
                let tokens = after(bytes, "tokenizer.ggml.tokens");
                put(bytes, tokens + 8, &(1_u64 << 60).to_le_bytes());
            })
        },
        GENERATE,
        &["model.gguf", "1152921504606846976 texts"],
    ),
    case(
        "a type of GGUF that is not supported",
        |d| {
            gguf(d, |bytes| {
                let name = after(bytes, "token_embd.weight");
                put(bytes, name + 20, &23_u32.to_le_bytes());
            })
        },
        GENERATE,
        &["model.gguf", "`token_embd.weight` has the type IQ4_XS", "use a file with the types F32"],
    ),
    case(
        "a tensor of GGUF that claims 2^50 rows",
        |d| {
            gguf(d, |bytes| {
                let name = after(bytes, "token_embd.weight");
                put(bytes, name + 12, &(1_u64 << 50).to_le_bytes());
            })
        },
        GENERATE,
        &["model.gguf", "`token_embd.weight`", "truncated or damaged"],
    ),
    case(
        "tensors of GGUF in the same place",
        |d| {
            gguf(d, |bytes| {
                let name = after(bytes, "blk.0.attn_qkv.weight");
                put(bytes, name + 24, &0_u64.to_le_bytes());
            })
        },
        GENERATE,
        &["model.gguf", "overlap"],
    ),
    case(
        "an architecture of GGUF that is not supported",
        |d| {
            gguf(d, |bytes| {
                let key = after(bytes, "general.architecture");
                put(bytes, key + 12, b"phi9");
            })
        },
        GENERATE,
        &["model.gguf", "architecture \"phi9\"", "llama, qwen2, qwen3, gemma2, gemma3, gpt2"],
    ),
    case(
        "GGUF without a tensor of the model",
        |d| gguf(d, |bytes| rename(bytes, "blk.1.ffn_up.weight", "blk.1.ffn_xx.weight")),
        GENERATE,
        &["model.gguf", "transformer.h.1.mlp.c_fc.weight", "blk.1.ffn_xx.weight"],
    ),
    case(
        "GGUF without a number of heads",
        |d| gguf(d, |bytes| rename(bytes, "gpt2.attention.head_count", "gpt2.attention.head_cxxxx")),
        GENERATE,
        &["model.gguf", "no gpt2.attention.head_count"],
    ),
    case(
        "GGUF without a tokeniser",
        |d| gguf(d, |bytes| rename(bytes, "tokenizer.ggml.tokens", "tokenizer.ggml.tokenz")),
        GENERATE,
        &["model.gguf", "no tokeniser in its metadata"],
    ),
    case(
        "a pre-tokeniser of GGUF that is not supported",
        |d| gguf(d, |bytes| rename(bytes, "gpt-2", "gpt-9")),
        GENERATE,
        &["model.gguf", "pre-tokeniser \"gpt-9\"", "llama-bpe"],
    ),
    case(
        "a special token of GGUF beyond the vocabulary",
        |d| {
            gguf(d, |bytes| {
                let key = after(bytes, "tokenizer.ggml.eos_token_id");
                put(bytes, key + 4, &70_000_u32.to_le_bytes());
            })
        },
        GENERATE,
        &["model.gguf", "eos_token_id is 70000"],
    ),
    case(
        "q8_0 for a folder",
        copy_gpt2,
        "convert --model model --dtype q8_0 --output-dir out",
        &["q8_0 is a type of GGUF files", "--output FILE.gguf"],
    ),
    case(
        "a GGUF file with another name",
        copy_gpt2,
        "convert --model model --dtype float16 --output model.bin",
        &["ends in .gguf", "model.bin"],
    ),
    case(
        "a classifier as GGUF",
        no_files,
        "convert --model DISTILBERT --dtype float16 --output model.gguf",
        &["a classifier, but a language model is needed"],
    ),
];
