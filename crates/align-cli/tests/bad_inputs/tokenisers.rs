//! Tokenisers whose files contradict each other or the model.

use crate::case::*;
use std::fs;
use std::path::Path;

/// Writes a file of the copied model.
fn write_model_file(dir: &Path, name: &str, content: &str) {
    fs::write(dir.join("model").join(name), content).unwrap();
}

/// Adds a field to `tokenizer_config.json`.
fn set_config_field(dir: &Path, field: &str) {
    replace(dir, "tokenizer_config.json", "\"backend\": \"tokenizers\"", field);
}

pub const CASES: &[Case] = &[
    case(
        "a chat template that is a number",
        |d| {
            copy_gpt2(d);
            set_config_field(d, "\"chat_template\": 5")
        },
        GENERATE,
        &["tokenizer_config.json", "chat_template: expected a text, or a list of objects", "found 5"],
    ),
    case(
        "chat templates without names",
        |d| {
            copy_gpt2(d);
            set_config_field(d, "\"chat_template\": [{\"template\": \"a\"}]")
        },
        GENERATE,
        &["chat_template: entry 1", "name and template"],
    ),
    case(
        "a chat template whose name leads out of its folder",
        |d| {
            copy_gpt2(d);
            set_config_field(d, "\"chat_template\": [{\"name\": \"../a\", \"template\": \"a\"}]")
        },
        GENERATE,
        &["chat_template: expected names that can be names of files", "\"../a\""],
    ),
    case(
        "a chat template that is not text",
        |d| {
            copy_gpt2(d);
            fs::write(d.join("model/chat_template.jinja"), b"\xff\xfe").unwrap()
        },
        GENERATE,
        &["chat_template.jinja", "not UTF-8"],
    ),
    case(
        "the class of Llama with a vocabulary of another kind",
        |d| {
            copy_model(d, "distilbert-tiny");
            replace(d, "tokenizer_config.json", "DistilBertTokenizer", "LlamaTokenizer");
            write(d, "in.csv", "text\na\n")
        },
        "classify --model model --input in.csv --output out.csv",
        &["LlamaTokenizer expects a model of the type BPE, found WordPiece"],
    ),
    case(
        "the class of Llama without its file",
        |d| {
            copy_gpt2(d);
            replace(d, "tokenizer_config.json", "TokenizersBackend", "LlamaTokenizer");
            fs::remove_file(d.join("model/tokenizer.json")).unwrap()
        },
        GENERATE,
        &["LlamaTokenizer expects tokenizer.json", "merges.txt"],
    ),
    case(
        "a vocabulary of another model, with more tokens than the model has embeddings",
        |d| {
            copy_gpt2(d);
            let config = crate::support::golden_path("models/distilbert-tiny");
            for name in ["tokenizer.json", "tokenizer_config.json", "vocab.txt"] {
                fs::copy(Path::new(&config).join(name), d.join("model").join(name)).unwrap();
            }
        },
        GENERATE,
        &["ids up to 1999", "1000 embeddings", "the tokeniser that the model was trained with"],
    ),
    case(
        "an EOS token without an embedding",
        |d| {
            copy_gpt2(d);
            write_model_file(d, "special_tokens_map.json", r#"{"eos_token": "<end>"}"#)
        },
        GENERATE,
        &["\"<end>\" (id 1000)", "1000 embeddings"],
    ),
    case(
        "an EOS token without an embedding in a conversion",
        |d| {
            copy_gpt2(d);
            write_model_file(d, "special_tokens_map.json", r#"{"eos_token": "<end>"}"#)
        },
        "convert --model ./model --output-dir out --dtype float32",
        &["\"<end>\" (id 1000)", "1000 embeddings"],
    ),
    case(
        "a prompt with a token that has no embedding",
        |d| {
            copy_gpt2(d);
            write_model_file(d, "special_tokens_map.json", r#"{"pad_token": "<pad>"}"#)
        },
        "generate --model model --prompt a<pad>",
        &["\"<pad>\" (id 1000)", "no embedding"],
    ),
    case(
        "an unsupported tokeniser class",
        |d| {
            copy_gpt2(d);
            replace(d, "tokenizer_config.json", "TokenizersBackend", "T5Tokenizer")
        },
        GENERATE,
        &["tokenizer_config.json", "tokenizer_class is T5Tokenizer", "GPT2Tokenizer"],
    ),
    case(
        "a tokeniser class whose files are missing",
        |d| {
            copy_gpt2(d);
            fs::remove_file(d.join("model/tokenizer.json")).unwrap()
        },
        GENERATE,
        &["PreTrainedTokenizerFast expects tokenizer.json", "merges.txt"],
    ),
    case(
        "a tokeniser class with another kind of vocabulary",
        |d| {
            copy_gpt2(d);
            replace(d, "tokenizer_config.json", "TokenizersBackend", "BertTokenizer")
        },
        GENERATE,
        &["tokenizer.json", "BertTokenizer expects a model of the type WordPiece, found BPE"],
    ),
    case(
        "added tokens that differ between two files",
        |d| {
            copy_gpt2(d);
            set_config_field(d, r#""added_tokens_decoder": {"5": {"content": "<tool>"}}"#)
        },
        GENERATE,
        &["added_tokens_decoder lacks the token", "<|endoftext|>"],
    ),
    case(
        "an added token with an id that does not follow the vocabulary",
        |d| {
            copy_gpt2(d);
            write_model_file(d, "added_tokens.json", r#"{"<tool>": 4000}"#)
        },
        GENERATE,
        &["\"<tool>\"", "expected id 4000, found 1000"],
    ),
    case(
        "a special token that is a number",
        |d| {
            copy_gpt2(d);
            write_model_file(d, "special_tokens_map.json", r#"{"eos_token": 7}"#)
        },
        GENERATE,
        &["special_tokens_map.json", "eos_token", "expected a token, found 7"],
    ),
    case(
        "a boolean tokeniser option with a string value",
        |d| {
            copy_gpt2(d);
            set_config_field(d, r#""split_special_tokens": "yes""#)
        },
        GENERATE,
        &["tokenizer_config.json", "split_special_tokens", "true or false", "yes"],
    ),
    case(
        "a tokenizer.json for each version of transformers",
        |d| {
            copy_gpt2(d);
            set_config_field(d, r#""fast_tokenizer_files": ["tokenizer.4.0.0.json"]"#)
        },
        GENERATE,
        &["tokenizer_config.json", "fast_tokenizer_files", "keep the newest one"],
    ),
];
