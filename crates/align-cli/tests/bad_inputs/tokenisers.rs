//! Tokenisers whose files contradict each other or the model.

use crate::case::*;
use std::fs;
use std::path::Path;

/// Writes a file of the kept model anew.
fn put(dir: &Path, name: &str, content: &str) {
    fs::write(dir.join("model").join(name), content).unwrap();
}

/// A field of `tokenizer_config.json` beside the others.
fn set(dir: &Path, field: &str) {
    replace(dir, "tokenizer_config.json", "\"backend\": \"tokenizers\"", field);
}

pub const CASES: &[Case] = &[
    case(
        "a vocabulary of another model, with more tokens than the model has embeddings",
        |d| {
            gpt2(d);
            let config = crate::support::kept("models/distilbert-tiny");
            for name in ["tokenizer.json", "tokenizer_config.json", "vocab.txt"] {
                fs::copy(Path::new(&config).join(name), d.join("model").join(name)).unwrap();
            }
        },
        GENERATE,
        &["ids up to 1999", "1000 embeddings", "the tokeniser that the model was trained with"],
    ),
    case(
        "an end of text that has no embedding",
        |d| {
            gpt2(d);
            put(d, "special_tokens_map.json", r#"{"eos_token": "<end>"}"#)
        },
        GENERATE,
        &["\"<end>\" (id 1000)", "1000 embeddings"],
    ),
    case(
        "the same where the model is converted",
        |d| {
            gpt2(d);
            put(d, "special_tokens_map.json", r#"{"eos_token": "<end>"}"#)
        },
        "convert --model ./model --output-dir out --dtype float32",
        &["\"<end>\" (id 1000)", "1000 embeddings"],
    ),
    case(
        "a prompt with a token that has no embedding",
        |d| {
            gpt2(d);
            put(d, "special_tokens_map.json", r#"{"pad_token": "<pad>"}"#)
        },
        "generate --model model --prompt a<pad>",
        &["\"<pad>\" (id 1000)", "no embedding"],
    ),
    case(
        "a class of tokeniser that is not read",
        |d| {
            gpt2(d);
            replace(d, "tokenizer_config.json", "TokenizersBackend", "T5Tokenizer")
        },
        GENERATE,
        &["tokenizer_config.json", "tokenizer_class is T5Tokenizer", "GPT2Tokenizer"],
    ),
    case(
        "a class of tokeniser whose files are missing",
        |d| {
            gpt2(d);
            fs::remove_file(d.join("model/tokenizer.json")).unwrap()
        },
        GENERATE,
        &["PreTrainedTokenizerFast expects tokenizer.json", "merges.txt"],
    ),
    case(
        "a class of tokeniser with another kind of vocabulary",
        |d| {
            gpt2(d);
            replace(d, "tokenizer_config.json", "TokenizersBackend", "BertTokenizer")
        },
        GENERATE,
        &["tokenizer.json", "BertTokenizer expects a model of the type WordPiece, found BPE"],
    ),
    case(
        "added tokens of which two files differ",
        |d| {
            gpt2(d);
            set(d, r#""added_tokens_decoder": {"5": {"content": "<tool>"}}"#)
        },
        GENERATE,
        &["added_tokens_decoder lacks the token", "<|endoftext|>"],
    ),
    case(
        "an added token with an id that does not follow the vocabulary",
        |d| {
            gpt2(d);
            put(d, "added_tokens.json", r#"{"<tool>": 4000}"#)
        },
        GENERATE,
        &["\"<tool>\"", "expected id 4000, found 1000"],
    ),
    case(
        "a special token that is a number",
        |d| {
            gpt2(d);
            put(d, "special_tokens_map.json", r#"{"eos_token": 7}"#)
        },
        GENERATE,
        &["special_tokens_map.json", "eos_token", "expected a token, found 7"],
    ),
    case(
        "an option of the tokeniser that is a word",
        |d| {
            gpt2(d);
            set(d, r#""split_special_tokens": "yes""#)
        },
        GENERATE,
        &["tokenizer_config.json", "split_special_tokens", "true or false", "yes"],
    ),
    case(
        "a tokenizer.json for each version of transformers",
        |d| {
            gpt2(d);
            set(d, r#""fast_tokenizer_files": ["tokenizer.4.0.0.json"]"#)
        },
        GENERATE,
        &["tokenizer_config.json", "fast_tokenizer_files", "keep the newest one"],
    ),
];
