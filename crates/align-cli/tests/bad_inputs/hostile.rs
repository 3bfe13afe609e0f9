//! Malicious files: small files that expand to gigabytes, patterns that never finish, devices.

use crate::case::*;
use crate::parquet::bombs;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Copies the model and replaces a part of its `tokenizer.json`.
fn tokenizer_with(dir: &Path, part: &str, value: Value) {
    copy_gpt2(dir);
    corrupt(dir, "tokenizer.json", |bytes| {
        let mut document: Value = serde_json::from_slice(&bytes).unwrap();
        *document.pointer_mut(part).unwrap() = value;
        document.to_string().into_bytes()
    });
}

fn replace(pattern: &str, content: &str) -> Value {
    json!({"type": "Replace", "pattern": {"String": pattern}, "content": content})
}

fn split(expression: &str) -> Value {
    let split = json!({"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": false});
    let bytes = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
    json!({"type": "Sequence", "pretokenizers": [split, bytes]})
}

/// Writes the Parquet bomb of this name to `in.parquet`.
fn write_bomb(dir: &Path, bomb: &str) {
    let (_, bytes, _) = bombs().into_iter().find(|(name, ..)| *name == bomb).unwrap();
    write(dir, "in.parquet", bytes);
}

const PAIR_PARQUET: &str = "pair --input in.parquet --output pairs.jsonl";

pub const CASES: &[Case] = &[
    case(
        "a tokeniser's regular expression with catastrophic backtracking",
        |d| tokenizer_with(d, "/pre_tokenizer", split("(a+)+$")),
        GENERATE,
        &["tokenizer.json", "pre_tokenizer, step 2, Split", "(a+)+$", "too much backtracking"],
    ),
    case(
        "three replacements of 100,000 letters",
        |d| {
            let steps = vec![replace("i", &"i".repeat(100_000)); 3];
            tokenizer_with(d, "/normalizer", json!({"type": "Sequence", "normalizers": steps}))
        },
        GENERATE,
        &["tokenizer.json", "normalizer, step 2, Replace", "may expand one byte to", "bytes, expected at most 256"],
    ),
    case(
        "24 replacements that double",
        |d| {
            let steps = vec![replace("i", "ii"); 24];
            tokenizer_with(d, "/normalizer", json!({"type": "Sequence", "normalizers": steps}))
        },
        GENERATE,
        &["tokenizer.json", "normalizer, step 10, Replace", "expand one byte to 512 bytes"],
    ),
    case(
        "an empty pattern",
        |d| tokenizer_with(d, "/normalizer", replace("", "x")),
        GENERATE,
        &["tokenizer.json", "normalizer, step 1, Replace: its pattern is empty"],
    ),
    case(
        "a character map that declares 4 GiB",
        |d| tokenizer_with(d, "/normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "/P///w=="})),
        GENERATE,
        &["tokenizer.json", "Precompiled", "its trie declares 4294967292 bytes, 0 are left"],
    ),
    case(
        "words of length 0",
        |d| tokenizer_with(d, "/pre_tokenizer", json!({"type": "FixedLength", "length": 0})),
        GENERATE,
        &["tokenizer.json", "FixedLength", "length is 0"],
    ),
    case(
        "a template without the text",
        |d| {
            let template = json!({"type": "TemplateProcessing", "single": [], "pair": [], "special_tokens": {}});
            tokenizer_with(d, "/post_processor", template)
        },
        GENERATE,
        &["tokenizer.json", "post_processor: single: expected the text A once"],
    ),
    case(
        "2^60 letters to strip",
        |d| tokenizer_with(d, "/decoder", json!({"type": "Strip", "content": "a", "start": 0, "stop": 1_u64 << 60})),
        GENERATE,
        &["tokenizer.json", "decoder, step 1, Strip: stop is 1152921504606846976"],
    ),
    case(
        "a token with the largest possible id",
        |d| {
            copy_gpt2(d);
            crate::case::replace(d, "tokenizer.json", "\"vocab\": {", "\"vocab\": {\"zzzz\": 4294967295, ")
        },
        GENERATE,
        &["tokenizer.json", "\"zzzz\" has the id 4294967295"],
    ),
    case(
        "an endless prompt file",
        no_files,
        "generate --prompts /dev/zero",
        &["/dev/zero", "found a folder or a device"],
    ),
    case(
        "prompts from a pipe",
        |d| assert!(Command::new("mkfifo").arg(d.join("prompts")).status().unwrap().success()),
        "generate --prompts prompts",
        &["prompts", "found a folder or a device"],
    ),
    case(
        "a prompt of 50 MB",
        |d| write(d, "prompts.txt", format!("This\n{}\n", "a".repeat(50 << 20))),
        "generate --prompts prompts.txt",
        &["prompts.txt, line 2", "52428800 bytes, expected at most 1048576"],
    ),
    case("an endless config file", no_files, "dpo --config /dev/zero", &["/dev/zero", "a config file is TOML or YAML"]),
    case(
        "a row of 50 MB",
        |d| write(d, "pairs.jsonl", format!("{PAIR}{{\"prompt\": \"{}\"}}\n", "a".repeat(50 << 20))),
        DPO,
        &["pairs.jsonl, line 2", "52428814 bytes, expected at most 16777216"],
    ),
    case(
        "868 KB of column names",
        |d| {
            let names: Vec<String> = (0..124_000).map(|i| format!("c{i}")).collect();
            write(d, "in.csv", names.join(",") + "\n")
        },
        "pair --input in.csv --output pairs.jsonl",
        &["in.csv, line 1", "124000 columns, expected at most 2000"],
    ),
    case(
        "Parquet with a dictionary value of 120 MB",
        |d| write_bomb(d, "one dictionary value of 120 MB"),
        PAIR_PARQUET,
        &["in.parquet", "\"text\"", "bytes in memory, expected at most"],
    ),
    case(
        "Parquet with a value of 30 MB, ten times",
        |d| write_bomb(d, "one dictionary value of 30 MB, ten times"),
        PAIR_PARQUET,
        &["in.parquet", "the values so far take 300000160 bytes"],
    ),
    case(
        "Parquet of run lengths",
        |d| write_bomb(d, "422 KB of run lengths"),
        PAIR_PARQUET,
        &["in.parquet", "the values so far take"],
    ),
    case(
        "Parquet with columns inside columns",
        |d| write_bomb(d, "columns nested 5,000 deep"),
        PAIR_PARQUET,
        &["in.parquet", "nested more than 32 deep"],
    ),
    case(
        "Parquet with a million row groups",
        |d| write_bomb(d, "a million row groups"),
        PAIR_PARQUET,
        &["in.parquet", "1000000 row groups"],
    ),
];
