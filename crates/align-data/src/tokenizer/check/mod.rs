//! Checks every part of a `tokenizer.json` before the tokenizers crate parses it. The crate trusts lengths, ids and
//! patterns, and some of them make it panic, exhaust memory or run for minutes.
//!
//! Checks by part, for tokenizers 0.23:
//!
//! | part | check |
//! | --- | --- |
//! | any list of steps | at most [`steps::MAX_STEPS`] in total; how much they may expand a text, see [`growth`] |
//! | `Replace`, `Split` | the pattern: it is not empty, compiles, and matches sample texts within a backtracking limit |
//! | `Prepend`, `BPEDecoder`, `WordPiece`, `CTC` | the lengths of their strings |
//! | `Precompiled` | the character map: every node of its trie |
//! | `FixedLength`, decoder's `Strip` | their numbers |
//! | added tokens | ids, number, lengths, expansion by the normaliser |
//! | `TemplateProcessing` | exactly one text, its special tokens, their ids |
//! | `BertProcessing`, `RobertaProcessing` | their ids |
//! | `BPE`, `WordPiece`, `WordLevel`, `Unigram` | ids, lengths of tokens and affixes, the longest word, the size of the prefix tree |
//! | `BertNormalizer`, `NFC`, `NFD`, `NFKC`, `NFKD`, `Lowercase`, `Nmt`, `StripAccents`, normaliser's `Strip`, `ByteLevel`, `Metaspace`, `BertPreTokenizer`, `CharDelimiterSplit`, `Whitespace`, `WhitespaceSplit`, `Punctuation`, `Digits`, `UnicodeScripts`, `Fuse`, `ByteFallback` | only the expansion: they hold flags and single characters |
//!
//! Unknown types are rejected, because the crate would guess the type from the fields.

mod added_tokens;
mod charsmap;
mod growth;
mod ids;
mod limits;
mod model;
mod pattern;
mod post_processor;
mod steps;

use crate::{Error, Result};
use ids::IdRange;
use limits::{CheckResult, list};
use serde_json::Value;
use std::path::Path;

/// Checks the parts of `document`, which was read from `path`.
pub(super) fn check(path: &Path, document: &Value) -> Result<()> {
    check_parts(document).map_err(|problem| Error::TokenizerFile { path: path.to_owned(), problem })
}

fn check_parts(document: &Value) -> CheckResult<()> {
    let ids = IdRange::new(document)?;
    if let Some(model) = document.get("model") {
        model::check(model).map_err(|problem| format!("model: {problem}"))?;
    }
    let growth = steps::check(document)?;
    added_tokens::check(list(document.get("added_tokens")), growth)
        .map_err(|problem| format!("added_tokens: {problem}"))?;
    match document.get("post_processor") {
        None | Some(Value::Null) => Ok(()),
        Some(part) => post_processor::check(part, &ids).map_err(|problem| format!("post_processor: {problem}")),
    }
}
