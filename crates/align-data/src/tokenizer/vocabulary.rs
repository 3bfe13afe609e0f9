//! Vocabulary files from before `tokenizer.json`, as the document that they stand for.

use super::load::{parse, read_object};
use super::special_tokens::Roles;
use crate::{Error, Result};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Tokens added to the vocabulary after its training, by id, as `added_tokens.json` and `added_tokens_decoder` have them.
pub(super) fn added_tokens(dir: &Path, config: &Map<String, Value>) -> Result<Vec<Value>> {
    let mut tokens = BTreeMap::new();
    if let Some(file) = read_object(&dir.join("added_tokens.json"))? {
        for (content, id) in file {
            if let Some(id) = id.as_u64() {
                tokens.insert(id, added(id, &content, &Value::Null));
            }
        }
    }
    for (id, token) in config.get("added_tokens_decoder").and_then(Value::as_object).into_iter().flatten() {
        if let (Ok(id), Some(content)) = (id.parse(), token.get("content").and_then(Value::as_str)) {
            tokens.insert(id, added(id, content, token));
        }
    }
    Ok(tokens.into_values().collect())
}

fn added(id: u64, content: &str, flags: &Value) -> Value {
    let flag = |name: &str| flags.get(name).and_then(Value::as_bool).unwrap_or(false);
    json!({
        "id": id, "content": content, "single_word": flag("single_word"), "lstrip": flag("lstrip"),
        "rstrip": flag("rstrip"), "normalized": flag("normalized"), "special": flag("special"),
    })
}

/// GPT-2's tokeniser: byte-level BPE, no space put before the text unless the config asks for it.
pub(super) fn byte_level_bpe(
    dir: &Path,
    vocab: &[u8],
    merges: &[u8],
    added: Vec<Value>,
    roles: &Roles<'_>,
) -> Result<Value> {
    let vocab_path = dir.join("vocab.json");
    let vocab = parse(&vocab_path, vocab)?;
    let merges_path = dir.join("merges.txt");
    let text = std::str::from_utf8(merges).map_err(|_| problem(&merges_path, "not UTF-8 text".to_owned()))?;
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || (index == 0 && line.starts_with("#version")) {
            continue;
        }
        match line.split_once(' ') {
            Some((left, right)) if !left.is_empty() && !right.is_empty() && !right.contains(' ') => {
                pairs.push([left, right]);
            }
            _ => {
                let line_number = index + 1;
                return Err(problem(&merges_path, format!("line {line_number}: expected two tokens, found {line:?}")));
            }
        }
    }
    let asked = |name: &str| roles.config.get(name).and_then(Value::as_bool).unwrap_or(false);
    let mut post_processor =
        json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true});
    if asked("add_bos_token") {
        let bos = roles.named("bos_token").map_or("<|endoftext|>".to_owned(), |token| token.content);
        let id = vocab.get(&bos).and_then(Value::as_u64).ok_or_else(|| absent(&vocab_path, "bos_token", &bos))?;
        post_processor = template(&[(&bos, id)], &[]);
    }
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added, "normalizer": null,
        "pre_tokenizer": {
            "type": "ByteLevel", "add_prefix_space": asked("add_prefix_space"), "trim_offsets": true, "use_regex": true,
        },
        "post_processor": post_processor,
        "decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "", "fuse_unk": false, "byte_fallback": false, "vocab": vocab, "merges": pairs,
        },
    }))
}

/// BERT's tokeniser: basic splitting, then WordPiece, with CLS and SEP around the text.
pub(super) fn word_piece(dir: &Path, vocab: &[u8], added: Vec<Value>, roles: &Roles<'_>) -> Result<Value> {
    let path = dir.join("vocab.txt");
    let text = std::str::from_utf8(vocab).map_err(|_| problem(&path, "not UTF-8 text".to_owned()))?;
    let mut pieces: Map<String, Value> = Map::new();
    for (id, line) in text.lines().enumerate() {
        pieces.insert(line.to_owned(), id.into());
    }
    let token = |role: &str, default: &str| roles.named(role).map_or(default.to_owned(), |token| token.content);
    let id = |role: &'static str, token: &str| {
        pieces.get(token).and_then(Value::as_u64).ok_or_else(|| absent(&path, role, token))
    };
    let (unk, cls, sep) = (token("unk_token", "[UNK]"), token("cls_token", "[CLS]"), token("sep_token", "[SEP]"));
    id("unk_token", &unk)?;
    let post_processor = template(&[(&cls, id("cls_token", &cls)?)], &[(&sep, id("sep_token", &sep)?)]);
    let option = |name: &str| roles.config.get(name).and_then(Value::as_bool);
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
        "normalizer": {
            "type": "BertNormalizer", "clean_text": true,
            "handle_chinese_chars": option("tokenize_chinese_chars").unwrap_or(true),
            "strip_accents": option("strip_accents"),
            "lowercase": option("do_lower_case").unwrap_or(true),
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": post_processor,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
        "model": {
            "type": "WordPiece", "unk_token": unk, "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
            "vocab": pieces,
        },
    }))
}

/// The text, or a pair of texts, with tokens before it and after each.
fn template(before: &[(&str, u64)], after: &[(&str, u64)]) -> Value {
    let special = |(token, _): &(&str, u64), part: u8| json!({"SpecialToken": {"id": token, "type_id": part}});
    let text = |id: &str, part: u8| json!({"Sequence": {"id": id, "type_id": part}});
    let mut single: Vec<Value> = before.iter().map(|token| special(token, 0)).collect();
    single.push(text("A", 0));
    single.extend(after.iter().map(|token| special(token, 0)));
    let mut pair = single.clone();
    pair.push(text("B", 1));
    pair.extend(after.iter().map(|token| special(token, 1)));
    let tokens: Map<String, Value> = before
        .iter()
        .chain(after)
        .map(|(token, id)| ((*token).to_owned(), json!({"id": token, "ids": [id], "tokens": [token]})))
        .collect();
    json!({"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": tokens})
}

/// Refuses merges whose result is no token: the tokenizers crate would index past its buffer on them.
pub(super) fn check_merges(path: &Path, document: &Value) -> Result<()> {
    let Some(model) = document.get("model") else {
        return Ok(());
    };
    let (Some(vocab), Some(merges)) =
        (model.get("vocab").and_then(Value::as_object), model.get("merges").and_then(Value::as_array))
    else {
        return Ok(());
    };
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or("");
    for merge in merges {
        let parts = match merge {
            Value::String(line) => line.split_once(' '),
            _ => merge.get(0).and_then(Value::as_str).zip(merge.get(1).and_then(Value::as_str)),
        };
        let merged = parts.and_then(|(left, right)| {
            // The crate takes the prefix's length off the right token without looking at it.
            let right = right.get(prefix.len()..)?;
            Some(format!("{left}{right}"))
        });
        if merged.is_none_or(|merged| !vocab.contains_key(&merged)) {
            return Err(problem(
                path,
                format!("merge {merge}: expected two tokens that make a token of the vocabulary"),
            ));
        }
    }
    Ok(())
}

fn absent(path: &Path, role: &str, token: &str) -> Error {
    problem(path, format!("the {role} {token:?} is not in the vocabulary; name the right one in tokenizer_config.json"))
}

fn problem(path: &Path, problem: String) -> Error {
    Error::TokenizerFile { path: path.to_owned(), problem }
}
