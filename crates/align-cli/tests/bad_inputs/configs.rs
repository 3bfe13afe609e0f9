//! Configs and tokenisers that are missing, damaged or from another model.

use crate::case::*;
use std::fs;

pub const CASES: &[Case] = &[
    case(
        "no config",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/config.json")).unwrap()
        },
        GENERATE,
        &["config.json", "there is no such file", "transformers"],
    ),
    case(
        "a config that is not JSON",
        |d| {
            copy_gpt2(d);
            corrupt(d, "config.json", |_| b"{n_embd: 64}".to_vec())
        },
        GENERATE,
        &["config.json", "is not a config", "line 1 column 2"],
    ),
    case(
        "a config of another model",
        no_files,
        "generate --model DISTILBERT --prompt This",
        &["config.json", "\"distilbert\"", "\"gpt2\", \"llama\"", "was expected"],
    ),
    case(
        "an absurd size",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_layer\": 2", "\"n_layer\": 4000000000")
        },
        GENERATE,
        &["config.json", "n_layer is 4000000000, expected 1 to"],
    ),
    case(
        "heads that do not divide the width",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"n_head\": 4", "\"n_head\": 5")
        },
        GENERATE,
        &["config.json", "n_embd 64 is not a multiple of n_head 5"],
    ),
    case(
        "an unknown activation",
        |d| {
            copy_gpt2(d);
            replace(d, "config.json", "\"gelu_new\"", "\"gleu\"")
        },
        GENERATE,
        &["config.json", "activation_function", "gleu", "gelu_new"],
    ),
    case(
        "a config of 3 GiB",
        |d| {
            copy_gpt2(d);
            fs::OpenOptions::new().write(true).open(d.join("model/config.json")).unwrap().set_len(3 << 30).unwrap()
        },
        GENERATE,
        &["config.json", "3221225472 bytes"],
    ),
    case(
        "no tokeniser",
        |d| {
            copy_gpt2(d);
            for name in ["tokenizer.json", "vocab.json", "merges.txt"] {
                fs::remove_file(d.join("model").join(name)).unwrap()
            }
        },
        GENERATE,
        &["model", "PreTrainedTokenizerFast expects tokenizer.json"],
    ),
    case(
        "a tokenizer.json that is not JSON",
        |d| {
            copy_gpt2(d);
            truncate(d, "tokenizer.json")
        },
        GENERATE,
        &["tokenizer.json", "not valid JSON", "line"],
    ),
    case(
        "a merge with one token",
        |d| {
            copy_model(d, "gpt2-tiny-bin-zip");
            corrupt(d, "merges.txt", |b| [&b[..], b"oops\n"].concat())
        },
        GENERATE,
        &["merges.txt", "line ", "expected two tokens, found \"oops\""],
    ),
    case(
        "a merge of unknown tokens",
        |d| {
            copy_model(d, "gpt2-tiny-bin-zip");
            corrupt(d, "merges.txt", |b| [&b[..], b"qqq zzz\n"].concat())
        },
        GENERATE,
        &["\"qqq\"", "a token of the vocabulary"],
    ),
    case(
        "a vocabulary of another model",
        |d| {
            copy_gpt2(d);
            replace(d, "tokenizer.json", "\"This\": ", "\"This\": 9")
        },
        GENERATE,
        &["ids up to 9727", "1000 embeddings", "the tokeniser that the model was trained with"],
    ),
];
