//! The `tokenizer.json` of a file's metadata.

use super::merges;
use super::pre_tokenizers::PreTokenizer;
use super::vocabulary::{CONTROL, UNKNOWN, USER_DEFINED, Vocabulary};
use crate::tokenizer::vocabulary::template_processing;
use align_gguf::{GgufError, Metadata};
use serde_json::{Map, Value, json};

/// Most merges that are read. Known models have up to 500,000.
const MAX_MERGES: usize = 1 << 21;
/// What SentencePiece writes for a space.
pub(super) const SPACE: &str = "\u{2581}";

/// The steps around the model.
struct Steps {
    normalizer: Value,
    pre_tokenizer: Value,
    decoder: Value,
    ignore_merges: bool,
    byte_fallback: bool,
    adds_bos: bool,
}

pub(super) fn document(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Value, String> {
    let message = |error: GgufError| error.to_string();
    let kind = metadata.text("tokenizer.ggml.model").map_err(message)?;
    let steps = match kind {
        Some("gpt2") => byte_level(metadata)?,
        Some("llama") => sentence_piece(metadata)?,
        Some(other) => {
            return Err(format!(
                "has a tokeniser of the kind {other:?}, expected gpt2 (byte-level BPE) or llama (SentencePiece BPE); use the model's folder"
            ));
        }
        None => return Err("has no kind of tokeniser in its metadata (tokenizer.ggml.model)".to_owned()),
    };
    let merges = match metadata.texts("tokenizer.ggml.merges").map_err(message)? {
        Some(merges) if merges.len() > MAX_MERGES => {
            return Err(format!("has {} merges, expected at most {MAX_MERGES}", merges.len()));
        }
        Some(merges) => merges.iter().map(|merge| split_merge(merge)).collect::<Result<Vec<Value>, _>>()?,
        None if kind == Some("llama") => {
            let scores = metadata.f32s("tokenizer.ggml.scores").map_err(message)?;
            merges::from_scores(vocabulary, scores.ok_or("has neither merges nor scores of its tokens")?)?
        }
        None => return Err("has no merges (tokenizer.ggml.merges)".to_owned()),
    };
    let unknown = vocabulary.special(metadata, "unknown")?.map(|(token, _)| token);
    let unknown = unknown.or_else(|| vocabulary.iter().find(|(.., kind)| *kind == UNKNOWN).map(|(_, token, _)| token));
    let vocab: Map<String, Value> = vocabulary.iter().map(|(id, token, _)| (token.to_owned(), id.into())).collect();
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": added_tokens(vocabulary),
        "normalizer": steps.normalizer,
        "pre_tokenizer": steps.pre_tokenizer,
        "post_processor": post_processor(metadata, vocabulary, &steps)?,
        "decoder": steps.decoder,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": unknown, "continuing_subword_prefix": null, "end_of_word_suffix": null,
            "fuse_unk": unknown.is_some(), "byte_fallback": steps.byte_fallback, "ignore_merges": steps.ignore_merges,
            "vocab": vocab, "merges": merges,
        },
    }))
}

fn byte_level(metadata: &Metadata) -> Result<Steps, String> {
    let text = |key: &str| metadata.text(key).map_err(|error| error.to_string());
    let known = PreTokenizer::named(text("tokenizer.ggml.pre")?, text("general.architecture")?)?;
    Ok(Steps {
        normalizer: known.normalizer(),
        pre_tokenizer: known.steps(),
        decoder: json!({"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}),
        ignore_merges: known.ignore_merges,
        byte_fallback: false,
        adds_bos: known.adds_bos,
    })
}

fn sentence_piece(metadata: &Metadata) -> Result<Steps, String> {
    let flag = |name: &str| metadata.bool(&format!("tokenizer.ggml.{name}")).map_err(|error| error.to_string());
    if flag("remove_extra_whitespaces")? == Some(true) {
        return Err(
            "has a tokeniser that removes repeated spaces, which is not supported: use the model's folder".to_owned()
        );
    }
    let space = json!({"type": "Replace", "pattern": {"String": " "}, "content": SPACE});
    let mut decoders = vec![
        json!({"type": "Replace", "pattern": {"String": SPACE}, "content": " "}),
        json!({"type": "ByteFallback"}),
        json!({"type": "Fuse"}),
    ];
    let normalizer = match flag("add_space_prefix")?.unwrap_or(true) {
        true => {
            decoders.push(json!({"type": "Strip", "content": " ", "start": 1, "stop": 0}));
            json!({"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": SPACE}, space]})
        }
        false => space,
    };
    let decoder = json!({"type": "Sequence", "decoders": decoders});
    Ok(Steps {
        normalizer,
        pre_tokenizer: Value::Null,
        decoder,
        ignore_merges: false,
        byte_fallback: true,
        adds_bos: true,
    })
}

/// The two parts of a merge, separated by a space. Tokens of byte-level BPE contain no space, and those of SentencePiece neither.
fn split_merge(merge: &str) -> Result<Value, String> {
    // A part may begin with the separator only in a damaged file.
    match merge.split_once(' ') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok(json!([left, right])),
        _ => Err(format!("has the merge {merge:?}, expected two tokens with a space between them")),
    }
}

/// The tokens that are found in a text before it is split. Those of spaces are made by merges.
fn added_tokens(vocabulary: &Vocabulary) -> Vec<Value> {
    let is_added = |token: &str, kind: i32| match kind {
        CONTROL | UNKNOWN => true,
        USER_DEFINED => !token.contains(SPACE),
        _ => false,
    };
    let added = vocabulary.iter().filter(|(_, token, kind)| !token.is_empty() && is_added(token, *kind));
    added
        .map(|(id, token, kind)| {
            json!({
                "id": id, "content": token, "single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
                "special": kind != USER_DEFINED,
            })
        })
        .collect()
}

/// BOS before a text and EOS after it, as the metadata say.
fn post_processor(metadata: &Metadata, vocabulary: &Vocabulary, steps: &Steps) -> Result<Value, String> {
    let added = |role: &str, default: bool| -> Result<Option<(&str, u32)>, String> {
        let key = format!("tokenizer.ggml.add_{role}_token");
        let adds = metadata.bool(&key).map_err(|error| error.to_string())?;
        let token = vocabulary.special(metadata, role)?;
        match (adds, token) {
            (Some(true), None) => Err(format!("{key} is true, but the file does not say which token it is")),
            (adds, token) => Ok(token.filter(|_| adds.unwrap_or(default))),
        }
    };
    let before: Vec<(&str, u32)> = added("bos", steps.adds_bos)?.into_iter().collect();
    let after: Vec<(&str, u32)> = added("eos", false)?.into_iter().collect();
    if before.is_empty() && after.is_empty() {
        return Ok(Value::Null);
    }
    Ok(template_processing(&before, &after))
}
