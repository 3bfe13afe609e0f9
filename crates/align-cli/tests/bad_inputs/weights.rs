//! Weights that are missing, damaged, malicious or from another model.

use crate::case::*;
use std::fs;

pub const CASES: &[Case] = &[
    case("a mistyped folder", no_files, "generate --model ./model --prompt This", &["no such folder", "./model"]),
    case("an invalid hub name", no_files, "generate --model us/er/na:me --prompt This", &["us/er/na:me"]),
    case(
        "a model that is not in the cache",
        no_files,
        "generate --model user/name --prompt This",
        &["user/name", "HF_HUB_OFFLINE"],
    ),
    case(
        "an upload without a network",
        copy_gpt2,
        "push-to-hub --model model --hub-model-id user/name",
        &["user/name", "HF_HUB_OFFLINE"],
    ),
    case(
        "safetensors cut in half",
        |d| {
            copy_gpt2(d);
            truncate(d, "model.safetensors")
        },
        GENERATE,
        &["model.safetensors", "damaged or truncated", "bytes of data"],
    ),
    case(
        "safetensors with a damaged header",
        |d| {
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |mut b| {
                b[9] = b'x';
                b
            })
        },
        GENERATE,
        &["model.safetensors", "header that cannot be read", "column 2"],
    ),
    case(
        "a header that claims 2^60 bytes",
        |d| {
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |b| [&(1_u64 << 60).to_le_bytes()[..], &b[8..]].concat())
        },
        GENERATE,
        &["model.safetensors", "1152921504606846976 bytes"],
    ),
    case(
        "a tensor that claims 2^60 elements",
        |d| safetensors(d, r#"{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4]}}"#, 4),
        GENERATE,
        &["model.safetensors", "`a`", "needs 4611686018427387904 bytes, but its data_offsets are 0 and 4"],
    ),
    case(
        "overlapping tensors",
        |d| {
            safetensors(
                d,
                r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
                12,
            )
        },
        GENERATE,
        &["model.safetensors", "`b` overlaps another", "its data begins at byte 4, expected 8"],
    ),
    case(
        "a tensor beyond the file's end",
        |d| safetensors(d, r#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, 8),
        GENERATE,
        &["model.safetensors", "describes 16 bytes of data, but the file contains 8"],
    ),
    case(
        "an empty safetensors file",
        |d| {
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |_| Vec::new())
        },
        GENERATE,
        &["model.safetensors", "is empty"],
    ),
    case(
        "a git-lfs pointer",
        |d| {
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |_| b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n".to_vec())
        },
        GENERATE,
        &["model.safetensors", "git lfs pull"],
    ),
    case(
        "a web page instead of weights",
        |d| {
            copy_gpt2(d);
            corrupt(d, "model.safetensors", |_| b"<!doctype html><html></html>".to_vec())
        },
        GENERATE,
        &["model.safetensors", "HTML page"],
    ),
    case(
        "no weights at all",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap()
        },
        GENERATE,
        &["model", "no weights found", "model.safetensors, model.safetensors.index.json, pytorch_model.bin"],
    ),
    case(
        "a config that disagrees with the weights",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_embd\": 64", "\"n_embd\": 128")
        },
        GENERATE,
        &[
            "model.safetensors",
            "do not match config.json",
            "transformer.h.0.ln_1.bias: expected shape [128], found [64]",
        ],
    ),
    case(
        "a config with one block too many",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 3")
        },
        GENERATE,
        &["model.safetensors", "transformer.h.2.attn.c_attn.weight"],
    ),
    case(
        "an index that names a missing shard",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weight_map": {"a": "model-1.safetensors"}}"#)
        },
        GENERATE,
        &["index.json", "model-1.safetensors", "not in the folder"],
    ),
    case(
        "an index with a path outside its folder",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weight_map": {"a": "../../secret"}}"#)
        },
        GENERATE,
        &["index.json", "../../secret", "same folder"],
    ),
    case(
        "a file that is not a checkpoint index",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/model.safetensors")).unwrap();
            write(d, "model/model.safetensors.index.json", r#"{"weights": {}}"#)
        },
        GENERATE,
        &["index.json", "not a checkpoint index", "weight_map"],
    ),
    case(
        "a pickle that runs os.system",
        |d| pickled(d, b"\x80\x02cos\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."),
        GENERATE,
        &["pytorch_model.bin", "rejected", "`os.system`", "no code in the file was executed"],
    ),
    case(
        "a pickle with a string of 2^60 bytes",
        |d| pickled(d, b"\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x10x."),
        GENERATE,
        &["pytorch_model.bin", "1152921504606846976"],
    ),
    case(
        "a pickle that is not a state dict",
        |d| pickled(d, b"\x80\x02K\x01.\x80\x02]."),
        GENERATE,
        &["pytorch_model.bin", "state dict"],
    ),
    case(
        "an old .bin cut in half",
        |d| {
            copy_model(d, "gpt2-tiny-bin-legacy");
            truncate(d, "pytorch_model.bin")
        },
        GENERATE,
        &["pytorch_model.bin", "truncated"],
    ),
    case(
        "a zip .bin cut in half",
        |d| {
            copy_model(d, "gpt2-tiny-bin-zip");
            truncate(d, "pytorch_model.bin")
        },
        GENERATE,
        &["pytorch_model.bin", "damaged or truncated"],
    ),
    case(
        "a zip .bin with a flipped bit in a tensor",
        |d| {
            copy_model(d, "gpt2-tiny-bin-zip");
            corrupt(d, "pytorch_model.bin", |mut b| {
                let at = b.len() / 2;
                b[at] ^= 1;
                b
            })
        },
        GENERATE,
        &["pytorch_model.bin", "damaged", "checksum"],
    ),
    case(
        "NaN weights in logps",
        |d| {
            model_with_nan(d, "gpt2-tiny", "transformer.ln_f.weight");
            write(d, "pairs.jsonl", PAIR)
        },
        "logps --model model --input pairs.jsonl --output logps.jsonl",
        &["pairs.jsonl", "log-probabilities of row 1", "NaN", "transformer.ln_f.weight"],
    ),
    case(
        "NaN weights in classify",
        |d| {
            model_with_nan(d, "distilbert-tiny", "classifier.bias");
            write(d, "in.csv", "text\ngood\n")
        },
        "classify --model model --input in.csv --output out.csv",
        &["model: the logits of text 1", "NaN", "classifier.bias"],
    ),
    case(
        "NaN weights in generate",
        |d| model_with_nan(d, "gpt2-tiny", "transformer.ln_f.bias"),
        GENERATE,
        &["prompt 0", "NaN", "transformer.ln_f.bias"],
    ),
    case(
        "NaN weights in beam search",
        |d| model_with_nan(d, "gpt2-tiny", "transformer.ln_f.bias"),
        "generate --model model --prompt This --num-beams 2",
        &["prompt 0", "NaN", "transformer.ln_f.bias"],
    ),
    case(
        "NaN weights in a reward model",
        |d| {
            model_with_nan(d, "distilbert-tiny", "pre_classifier.weight");
            write(d, "in.csv", "text\ngood\n")
        },
        "evaluate --model model --input in.csv",
        &["in.csv", "model: the logits of text 1", "pre_classifier.weight"],
    ),
    case(
        "a label without a name",
        |d| {
            copy_model(d, "distilbert-tiny");
            replace(d, "config.json", "\"1\": \"POSITIVE\"", "\"2\": \"POSITIVE\"");
            write(d, "in.csv", "text\ngood\n")
        },
        "classify --model model --input in.csv --output out.csv",
        &["config.json", "id2label has 2 labels with the numbers 0, 2, but none with the number 1"],
    ),
];
